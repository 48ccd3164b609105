// `npm run screenshots`: the page in light and dark, in docs/images, and then the animation.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { experiment, IMAGES, visit, withSite } from './site.mjs'

mkdirSync(IMAGES, { recursive: true })
await withSite(async ({ platform, browser }) => {
  for (const colorScheme of ['light', 'dark']) {
    // Without motion, so that no pulse is caught half-way.
    const options = { viewport: { width: 1280, height: 1040 }, colorScheme, reducedMotion: 'reduce' }
    const page = await browser.newPage(options)
    await page.goto(platform.url)
    for (const name of ['refresh', 'burst']) await experiment(page, name)
    for (let turn = 0; turn < 3; turn++) await visit(page)
    await page.locator('#picture .node').nth(3).waitFor({ state: 'attached' })
    await page.mouse.move(0, 0)
    await page.evaluate('document.activeElement.blur(); scrollTo(0, 0)')
    await page.screenshot({ path: join(IMAGES, `${colorScheme}.png`) })
    console.log(`docs/images/${colorScheme}.png`)
    await page.close()
  }
})
await import('./animation.mjs')
