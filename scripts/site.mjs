// What the scripts of the pictures share: a platform with a browser in front.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPlatform } from '../dist/demo/platform.js'
import { startChromium } from '../dist/scripts/chromium.js'

export const IMAGES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs/images')

/** Four instances, a load balancer, Redis and a Chromium, for the pictures in docs/images; all is gone after the work. */
export async function withSite(work) {
  const folder = mkdtempSync(join(tmpdir(), 'redissessions-images-'))
  const store = process.env.SESSION_STORE ?? 'exact'
  const platform = await startPlatform({ store, instances: 4, dataFolder: folder, port: 0, say: console.log })
  const browser = await startChromium()
  try {
    await work({ platform, browser, folder })
  } finally {
    await browser.close()
    await platform.stop()
    rmSync(folder, { recursive: true })
  }
}

/** Runs an experiment of the page and waits for its outcome. */
export async function experiment(page, name) {
  await page.click(`button[data-experiment=${name}]`)
  await page.waitForSelector(`#result[data-experiment=${name}][aria-busy=false]`)
}

/** Visits once by the page's button. */
export async function visit(page) {
  const answered = page.waitForResponse('**/api/visits')
  await page.click('#visit')
  await answered
}
