import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Site, visits } from './site.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

describe('the story', { timeout: 180_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open('exact')
  })
  afterEach(() => expect(site.complaints()).toEqual([]))
  afterAll(() => site.close())

  const ready = async (page: Page, title: string) => {
    await page.locator('#story h2', { hasText: title }).waitFor()
    await page.locator('#story[aria-busy=false]').waitFor()
  }
  const verdicts = (page: Page) => page.locator('#story .now .verdict').allTextContents()

  it('compares two stores side by side, step by step with keys, and leaves the visitor’s session alone', async () => {
    const page = await site.visitor({ reducedMotion: 'reduce' })
    // What the platform can compare comes with its answers.
    await page.waitForResponse('**/api/instances')
    await page.locator('#show-me').click()
    await ready(page, '1. One visit after the other')
    expect(await page.locator('#story .name').allTextContents()).toEqual(['connect-redis', 'exact'])
    const carriedOn = '✓ The count carried on in 10 of 10 visits, over 4 instances.'
    expect(await verdicts(page)).toEqual([carriedOn, carriedOn])

    await page.keyboard.press('ArrowRight')
    await ready(page, '2. Fifty visits at once')
    const [usual, exact] = await verdicts(page)
    expect(usual).toMatch(/^✗ \d+ of 50 visits were answered, and then lost/)
    expect(exact).toBe('✓ Each visit was counted, and each saw a number of its own.')
    expect(await page.locator('.pulse').count()).toBe(0)
    expect(await violations(page)).toEqual([])

    await page.keyboard.press('ArrowRight')
    await ready(page, '3. A logout while requests are in flight')
    expect((await verdicts(page))[1]).toBe('✓ Ended 20 times, and each time it stayed ended.')

    await page.keyboard.press('ArrowRight')
    await ready(page, '4. A restart of every instance')
    expect(await verdicts(page)).toEqual([
      expect.stringMatching(/^✓ All \d instances were replaced/),
      expect.stringMatching(/^✓ All \d instances were replaced/),
    ])

    await page.keyboard.press('ArrowRight')
    await page.locator('#story h2', { hasText: 'What you have seen' }).waitFor()
    expect(await page.locator('#story .verdicts li').count()).toBe(8)
    await page.keyboard.press('Escape')
    expect(await visits(page).textContent()).toBe('1')
    const cookies = await page.context().cookies()
    expect(cookies.map(({ name }) => name).sort()).toEqual([
      'beside-connect-redis',
      'beside-exact',
      'connect.sid',
    ])
  })

  it('plays by itself, and can be paused', async () => {
    const page = await site.visitor()
    await page.waitForResponse('**/api/instances')
    await page.locator('#show-me').click()
    await ready(page, '1. One visit after the other')
    await page.locator('#story h2', { hasText: '2. Fifty visits at once' }).waitFor()
    await page.locator('#story-play').click()
    expect(await page.locator('#story-play').textContent()).toBe('Play')
    await page.locator('#story[aria-busy=false]').waitFor()
    await page.locator('#story-close').click()
  })

  it('plays with the one store that there is, if the platform compares none', async () => {
    const page = await site.visitor({ reducedMotion: 'reduce' })
    await page.route('**/api/**', async (route) => {
      const response = await route.fetch()
      const { 'x-demo-beside': _, ...headers } = response.headers()
      await route.fulfill({ response, headers })
    })
    await page.reload()
    await page.waitForResponse('**/api/instances')
    await page.locator('#show-me').click()
    await page.locator('#story .text', { hasText: 'own session' }).waitFor()
    await ready(page, '1. One visit after the other')
    expect(await page.locator('#story .column').count()).toBe(1)
    await page.locator('#story-close').click()
    await expect.poll(() => visits(page).textContent()).toBe('13')
  })
})

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  return (await page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ' ' + html + ' ' + failureSummary)))`,
  )) as string[]
}
