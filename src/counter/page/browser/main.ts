// Makes the page live: connects its buttons, and keeps looking who is alive.
import type { ExperimentName } from '../parts/experiment-texts.js'
import type { PageState } from '../parts/state.js'
import { pause } from './counter-client.js'
import { find } from './find.js'
import { LivePage } from './live-page.js'
import { Story } from './story.js'

const LOOK_EVERY_MS = 2_000
const LOOK_IN_TROUBLE_MS = 700

/** The platform lets visitors end instances. */
const CAN_RESTART = document.querySelector('[data-experiment=kill]') !== null

const page = new LivePage(JSON.parse(find('#state').textContent ?? '') as PageState)

function onPress(selector: string, work: () => Promise<void>): void {
  find(selector).addEventListener('click', (event) => {
    event.preventDefault()
    void page.alone(work)
  })
}

onPress('#visit', () => page.visitByHand())
onPress('#renew', () => page.renewByHand())
onPress('#end', () => page.endByHand())
onPress('#show-me', async () => {
  await new Story(find<HTMLDialogElement>('#story'), page.beside, CAN_RESTART).play()
  if (page.visits !== null) await page.sync()
})
for (const button of document.querySelectorAll<HTMLElement>('button[data-experiment]')) {
  const name = button.dataset.experiment as ExperimentName
  const run = () => void page.alone(() => page.experiment(name))
  button.addEventListener('click', () => (name === 'kill' ? afterConsent(run) : run()))
}

function afterConsent(run: () => void): void {
  const dialog = find<HTMLDialogElement>('#kill')
  dialog.returnValue = ''
  dialog.showModal()
  dialog.onclose = () => {
    if (dialog.returnValue === 'kill') run()
  }
}

async function keepLooking(): Promise<never> {
  for (;;) {
    await page.look().catch((error: unknown) => console.error(error))
    await pause(page.inTrouble ? LOOK_IN_TROUBLE_MS : LOOK_EVERY_MS)
  }
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void page.alone(() => page.sync()).then(() => page.look())
})

find('#experiments').hidden = false
void keepLooking()
