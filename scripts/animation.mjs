// `npm run screenshots`, second part: the story of the page ("Show me"), as Chromium drew it, in docs/images/story.webp. Needs
// img2webp, which comes with the package webp.
import { execFileSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../dist/demo/find-program.js'
import { IMAGES, withSite } from './site.mjs'

const FILE = join(IMAGES, 'story.webp')
/** Of what Chromium drew in this time one frame is shown, in ms; and waiting is shortened. */
const EVERY_MS = 350
const LONGEST_MS = 2_500
const AT_THE_END_MS = 4_000

const img2webp = findProgram('img2webp')
if (!img2webp) throw new Error('img2webp is missing here: the package webp has it')

/** Does the work. @returns each picture that Chromium drew in the meantime, and when, in ms. */
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

/** Lets the story play until it has summed up. */
async function play(page) {
  await page.click('#show-me')
  await page.locator('#story h2', { hasText: 'What you have seen' }).waitFor({ timeout: 180_000 })
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
  const how = ['-loop', '0', '-min_size', '-mixed', '-q', '50', '-m', '3']
  execFileSync(img2webp, [...how, ...args, '-o', FILE], { stdio: 'ignore' })
  console.log(
    `docs/images/story.webp: ${chosen.length} frames, ${Math.round(statSync(FILE).size / 1_000)} kB`,
  )
}

await withSite(async ({ platform, browser, folder }) => {
  const page = await browser.newPage({ viewport: { width: 1060, height: 720 }, colorScheme: 'light' })
  await page.goto(platform.url)
  await page.locator('#picture svg.wide .node').nth(3).waitFor({ state: 'attached' })
  encode(await record(page, () => play(page)), folder)
})
