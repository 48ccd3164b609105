// `npm run screenshots`: the page in light, dark and on a phone, as the README shows it, in docs/images.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { startPlatform } from '../dist/local/platform.js'
import { findProgram } from '../dist/local/system-package.js'

const IMAGES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs/images')
const DESKTOP = { width: 1280, height: 1040 }
const SHOTS = {
  light: { viewport: DESKTOP, colorScheme: 'light' },
  dark: { viewport: DESKTOP, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
}

mkdirSync(IMAGES, { recursive: true })
const dataFolder = mkdtempSync(join(tmpdir(), 'redissessions-screenshots-'))
const store = process.env.SESSION_STORE ?? 'exact'
const platform = await startPlatform({ store, instances: 4, dataFolder, port: 0, say: console.log })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? findProgram('chromium', 'chromium-browser', 'google-chrome'),
  args: ['--disable-background-networking', '--disable-component-update'],
  chromiumSandbox: process.getuid?.() !== 0,
})
try {
  for (const [name, options] of Object.entries(SHOTS)) {
    // Without motion, so that no pulse is caught half-way.
    const page = await browser.newPage({ ...options, reducedMotion: 'reduce' })
    await page.goto(platform.url)
    for (const experiment of ['refresh', 'burst']) {
      await page.click(`[data-experiment=${experiment}]`)
      await page.waitForSelector(`[data-experiment=${experiment}] + [aria-busy=false]`)
    }
    for (let visit = 0; visit < 3; visit++) {
      const answered = page.waitForResponse('**/api/visits')
      await page.click('#visit')
      await answered
    }
    await page.locator('#picture .node').nth(3).waitFor({ state: 'attached' })
    await page.mouse.move(0, 0)
    await page.evaluate('document.activeElement.blur(); scrollTo(0, 0)')
    await page.screenshot({ path: join(IMAGES, `${name}.png`) })
    console.log(`docs/images/${name}.png`)
    await page.close()
  }
} finally {
  await browser.close()
  await platform.stop()
  rmSync(dataFolder, { recursive: true })
}
