import { TRAIL_LENGTH, type Visit } from '../../visit/trail.js'
import { hero } from '../parts/hero.js'
import type { PageState } from '../parts/state.js'
import { trail } from '../parts/trail.js'
import { grouped, label, many } from '../parts/words.js'
import * as api from './api.js'
import { burst, type Experiment, kill, type Lab, race, refresh } from './experiments.js'
import { notes, troubleNote } from './notes.js'
import { Stage } from './stage.js'

const POLL_EVERY_MS = 2_000
const POLL_IN_TROUBLE_MS = 700
/** Silence longer than this means that Redis keeps an instance waiting. */
const POLL_PATIENCE_MS = 1_800

let state = JSON.parse(find('#state').textContent ?? '') as PageState
const stage = new Stage(find('#picture'), state)
/** Other pages of the same browser share the session. */
const others = new BroadcastChannel('redissessions')
let note: { text: string; kind?: 'warn' | 'bad' } = { text: find('#notice').textContent ?? '' }
/** What a request of the reader's waits for, and what the page has noticed by itself. */
let trouble: api.Trouble | undefined
let noticed: api.Trouble | undefined
let busy = false

function find<E extends HTMLElement>(selector: string): E {
  const element = document.querySelector<E>(selector)
  if (!element) throw new Error(`the page has no ${selector}`)
  return element
}

function update(change: Partial<PageState>, pulse = false): void {
  state = { ...state, ...change }
  find('#hero').innerHTML = hero(state).markup
  find('#trail').innerHTML = trail(state.trail, localTime).markup
  stage.answered(state, pulse)
  document.title = `${state.visits === null ? 'No session' : many(state.visits, 'visit')} · RedisSessions`
}

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

// The server's times, never their distance to this browser's clock, which may be off.
function localTime(at: number): string {
  const newest = state.trail.at(-1)?.at ?? at
  const format = Math.abs(newest - at) < 12 * 3_600_000 ? time : day
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? format.format(at) : ''
}

function say(text: string, kind?: 'warn' | 'bad'): void {
  note = kind ? { text, kind } : { text }
  showNote()
}

function showNote(): void {
  // Why it is slow says more than that it is.
  const current = trouble === 'slow' ? (noticed ?? trouble) : (trouble ?? noticed)
  const shown = current ? troubleNote(current) : note
  const place = find('#notice')
  if (place.textContent !== shown.text) place.textContent = shown.text
  place.className = shown.kind ?? ''
}

function tell(news: api.Trouble | undefined): void {
  trouble = news
  if (news === 'redis away') stage.redis(true)
  showNote()
}

async function visit(): Promise<api.CountedVisit> {
  const answer = await api.visit(tell)
  const { visits, instance, at } = answer
  const step: Visit = { at, instance }
  stage.redis(false)
  update(
    { visits, instance, trail: visits === 1 ? [step] : [...state.trail, step].slice(-TRAIL_LENGTH) },
    true,
  )
  others.postMessage('visited')
  return answer
}

/** Brings the page up to what is stored: others may have visited, or ended the session. */
async function sync(): Promise<void> {
  const stored = await api.storedSession(tell)
  if (stored) update({ visits: stored.visits, trail: stored.trail })
  // In memory, the instance that was asked may just not be the one that knows.
  else if (state.store !== 'memory' && state.visits !== null) noSession()
}

function noSession(): void {
  update({ visits: null, trail: [] })
  say(notes.endedElsewhere, 'warn')
}

async function visitByHand(): Promise<void> {
  const before = state.visits
  try {
    const { visits, instance, tries } = await visit()
    say(...notes.visited(before, visits, state.store, label(instance), tries))
    find('#news').textContent = `${many(visits, 'visit')}, answered by instance ${label(instance)}`
    if (visits === 1 && before !== null) await checkCookie()
  } catch (error) {
    if (!isRefused(error, 409)) throw error
    noSession()
  }
}

/** A first visit that left no session behind: the browser doesn't send the cookie back. */
async function checkCookie(): Promise<void> {
  const kept = state.store === 'memory' ? navigator.cookieEnabled : (await api.storedSession(tell)) !== null
  if (!kept) say(notes.noCookie, 'warn')
}

async function end(): Promise<void> {
  await api.endSession(tell)
  update({ visits: null, trail: [] })
  others.postMessage('ended')
}

const lab: Lab = {
  get state() {
    return state
  },
  stage,
  visit,
  stored: () => api.storedSession(tell),
  end,
}
const experiments: Record<string, Experiment> = { refresh, burst, race, kill }

/** One thing at a time: what a second click would start is not what either shows. */
async function alone(work: () => Promise<void>): Promise<void> {
  if (busy) return
  setBusy(true)
  try {
    await work()
  } catch (error) {
    if (isRefused(error, 404, 409)) noSession()
    else if (error instanceof api.Refused) say(`The server refused: ${error.message}.`, 'bad')
    else throw error
  } finally {
    setBusy(false)
  }
}

function isRefused(error: unknown, ...statuses: number[]): boolean {
  return error instanceof api.Refused && statuses.includes(error.status)
}

function setBusy(now: boolean): void {
  busy = now
  for (const button of document.querySelectorAll('main button'))
    button.setAttribute('aria-disabled', `${now}`)
}

function onPress(selector: string, work: () => Promise<void>): void {
  find(selector).addEventListener('click', (event) => {
    event.preventDefault()
    void alone(work)
  })
}

async function experiment(button: HTMLElement, run: Experiment): Promise<void> {
  const place = button.nextElementSibling as HTMLElement
  place.replaceChildren()
  place.setAttribute('aria-busy', 'true')
  say('')
  const result = await run(lab, ({ markup }) => {
    place.innerHTML = markup
  })
  place.innerHTML = result.markup
  place.setAttribute('aria-busy', 'false')
  if (state.store !== 'memory') await sync().finally(() => say(''))
}

onPress('#visit', visitByHand)
onPress('#renew', async () => {
  await api.renewSession(tell)
  say(notes.renewed)
})
onPress('#end', async () => {
  await end()
  say(notes.ended)
})
for (const button of document.querySelectorAll<HTMLElement>('[data-experiment]')) {
  const run = experiments[button.dataset.experiment ?? '']
  if (!run) continue
  button.addEventListener('click', () => {
    const dialog = run === kill ? find<HTMLDialogElement>('#kill') : undefined
    if (!dialog) return void alone(() => experiment(button, run))
    dialog.returnValue = ''
    dialog.showModal()
    dialog.onclose = () => {
      if (dialog.returnValue === 'kill') void alone(() => experiment(button, run))
    }
  })
}

async function poll(): Promise<void> {
  if (document.hidden) return
  const answer = await api.send('GET', '/api/instances', { patienceMs: POLL_PATIENCE_MS })
  // A burst takes all the connections that a browser opens: that silence is not Redis'.
  if (answer.timedOut && busy) return
  const before = noticed
  noticed = answer.timedOut ? 'redis away' : api.troubleOf(answer)
  if (answer.status === 200) stage.show((answer.body as { instances: PageState['instances'] }).instances)
  stage.redis(noticed === 'redis away')
  // Their sessions are in the instances: nothing to worry about.
  if (noticed === 'redis away' && state.store === 'memory') noticed = undefined
  showNote()
  if (before && !noticed) await alone(welcomeBack)
}

async function welcomeBack(): Promise<void> {
  await sync()
  if (state.visits !== null) say(notes.back(grouped(state.visits)))
}

async function keepPolling(): Promise<never> {
  for (;;) {
    await poll().catch((error: unknown) => console.error(error))
    await api.pause(trouble || noticed ? POLL_IN_TROUBLE_MS : POLL_EVERY_MS)
  }
}

let later: number | undefined
others.onmessage = () => {
  clearTimeout(later)
  later = setTimeout(() => void alone(sync), 250)
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void alone(sync).then(poll)
})

find('#experiments').hidden = false
find('#trail').innerHTML = trail(state.trail, localTime).markup
if (state.visits === 1 && !note.text) void checkCookie()
void keepPolling()
