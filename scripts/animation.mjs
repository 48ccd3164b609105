// `npm run screenshots`, second part: 50 visits at once and a restart of all instances, as Chromium drew them, in
// docs/images/restart.webp. Needs img2webp, which comes with the package webp.
import { execFileSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { findProgram } from '../dist/demo/find-program.js'
import { experiment, IMAGES, visit, withSite } from './site.mjs'

const FILE = join(IMAGES, 'restart.webp')
/** Of what Chromium drew in such a time one frame is shown, in ms; and waiting is shortened. */
const EVERY_MS = 120
const LONGEST_MS = 1_200
const AT_THE_END_MS = 4_000

const img2webp = findProgram('img2webp')
if (!img2webp) throw new Error('img2webp is missing here: the package webp has it')

/** Does the work, and @returns each picture that Chromium drew meanwhile, and when, in ms. */
async function record(page, work) {
  const frames = []
  const devtools = await page.context().newCDPSession(page)
  devtools.on('Page.screencastFrame', ({ data, sessionId }) => {
    frames.push({ png: Buffer.from(data, 'base64'), at: performance.now() })
    devtools.send('Page.screencastFrameAck', { sessionId }).catch(() => {})
  })
  await devtools.send('Page.startScreencast', { format: 'png', everyNthFrame: 1 })
  await work()
  await devtools.send('Page.stopScreencast')
  return frames
}

async function play(page, platform) {
  const gone = page.locator('#picture svg.wide .node.gone').first()
  await pause(800)
  await experiment(page, 'refresh')
  await pause(800)
  await experiment(page, 'burst')
  await pause(2_000)
  await platform.restart()
  await gone.waitFor({ state: 'attached' })
  await gone.waitFor({ state: 'detached' })
  for (let turn = 0; turn < 4; turn++) {
    await visit(page)
    await pause(500)
  }
  await pause(1_000)
}

function encode(frames, folder) {
  const turn = ({ at }) => Math.floor(at / EVERY_MS)
  const chosen = frames.filter((frame, i) => i === frames.length - 1 || turn(frame) !== turn(frames[i + 1]))
  const args = chosen.flatMap(({ png, at }, i) => {
    const file = join(folder, `${i}.png`)
    writeFileSync(file, png)
    const next = chosen[i + 1]?.at
    const ms = next === undefined ? AT_THE_END_MS : Math.min(LONGEST_MS, Math.round(next - at))
    return ['-d', `${ms}`, file]
  })
  const how = ['-loop', '0', '-min_size', '-mixed', '-q', '60', '-m', '6']
  execFileSync(img2webp, [...how, ...args, '-o', FILE], { stdio: 'ignore' })
  console.log(
    `docs/images/restart.webp: ${chosen.length} frames, ${Math.round(statSync(FILE).size / 1_000)} kB`,
  )
}

await withSite(async ({ platform, browser, folder }) => {
  const page = await browser.newPage({ viewport: { width: 1060, height: 1010 }, colorScheme: 'light' })
  await page.goto(platform.url)
  await page.locator('#picture svg.wide .node').nth(3).waitFor({ state: 'attached' })
  encode(await record(page, () => play(page, platform)), folder)
})
