import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { experiment, HOST, notice, Site, visits } from './site.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

describe('the page for everyone', { timeout: 90_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open('exact', { SESSION_DEADLINE_MS: '1000' })
  })
  afterEach(() => expect(site.complaints()).toEqual([]))
  afterAll(() => site.close())

  describe('without JavaScript', () => {
    const visitor = () => site.visitor({ javaScriptEnabled: false })

    it('counts, shows who answered, and draws the instances', async () => {
      const page = await visitor()
      expect(await visits(page).textContent()).toBe('1')
      await page.reload()
      await page.getByRole('button', { name: 'Visit again' }).click()
      expect(await visits(page).textContent()).toBe('3')
      expect(await page.locator('.strip li').count()).toBe(3)
      expect(await page.locator('#picture .wide .node.lit').count()).toBe(1)
      await expect
        .poll(async () => {
          await page.reload()
          return page.locator('#picture .wide .node').count()
        })
        .toBe(4)
    })

    it('gives a new id, and ends the session, by forms that count no visit', async () => {
      const page = await visitor()
      const cookie = async () => (await page.context().cookies())[0]?.value
      const before = await cookie()
      await page.getByRole('button', { name: 'New session id' }).click()
      expect(await visits(page).textContent()).toBe('1')
      expect(await cookie()).not.toBe(before)
      await page.getByRole('button', { name: 'End session' }).click()
      expect(await page.locator('h1').textContent()).toContain('no session')
      await page.getByRole('button', { name: 'Visit again' }).click()
      expect(await visits(page).textContent()).toBe('1')
    })

    it('says when the browser sends no cookie back', async () => {
      const page = await visitor()
      expect(await notice(page).textContent()).toBe('')
      await page.context().clearCookies()
      await page.getByRole('button', { name: 'Visit again' }).click()
      expect(await notice(page).textContent()).toContain('Allow cookies')
    })

    it('says that Redis can’t be reached, and continues automatically when it is back', async () => {
      const page = await visitor()
      await site.platform.stopRedis()
      await page.reload()
      expect(await page.locator('h1').textContent()).toBe('The counter can’t reach Redis')
      await site.platform.startRedis()
      await expect.poll(() => page.locator('h1').textContent()).toBe('You have been here 2 times')
    })

    it('shows a problem as a page', async () => {
      const page = await visitor()
      await page.goto(`${site.platform.url}/nowhere`)
      expect(await page.locator('h1').textContent()).toBe('Not Found')
    })
  })

  it('works on a host without TLS', async () => {
    const url = site.platform.url.replace('127.0.0.1', HOST)
    const plain = await site.visitor({ javaScriptEnabled: false }, url)
    await plain.getByRole('button', { name: 'New session id' }).click()
    expect(await visits(plain).textContent()).toBe('1')
    await plain.getByRole('button', { name: 'End session' }).click()
    expect(await plain.locator('h1').textContent()).toContain('no session')

    const live = await site.visitor({}, url)
    await live.locator('#visit').click()
    await expect.poll(() => visits(live).textContent()).toBe('2')
  })

  it.each(['light', 'dark'] as const)('has nothing that axe complains about, in %s', async (colorScheme) => {
    const page = await site.visitor({ colorScheme })
    await experiment(page, 'burst')
    expect(await violations(page)).toEqual([])
    await page.locator('button[data-experiment=kill]').click()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.locator('#end').click()
    await expect.poll(() => notice(page).textContent()).toContain('destroyed')
    expect(await violations(page)).toEqual([])
    await page.goto(`${site.platform.url}/nowhere`)
    expect(await violations(page)).toEqual([])
  })

  it('takes the keyboard, and keeps the focus where it is', async () => {
    const page = await site.visitor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(() => visits(page).textContent()).toBe('2')
    expect(await page.locator(':focus').getAttribute('id')).toBe('visit')
    await expect
      .poll(() => page.locator('#news').textContent())
      .toMatch(/^2 visits, answered by instance \d$/)
  })

  it('moves nothing for those who want it still', async () => {
    const page = await site.visitor({ reducedMotion: 'reduce' })
    await page.locator('#visit').click()
    await expect.poll(() => visits(page).textContent()).toBe('2')
    expect(await page.locator('.pulse').count()).toBe(0)
  })

  it.each([320, 390, 768, 1280])('fits a screen of %i pixels', async (width) => {
    const page = await site.visitor({ viewport: { width, height: 800 } })
    await experiment(page, 'burst')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  })

  it('weighs less than 60 kB, all in all, with its last 20 visits', async () => {
    const page = await site.visitor()
    await experiment(page, 'burst')
    await page.reload()
    const sizes = (await page.evaluate(
      `performance.getEntries().filter((entry) => ['navigation', 'script', 'link', 'css', 'other', 'img'].includes(entry.initiatorType)).map((entry) => entry.decodedBodySize)`,
    )) as number[]
    expect(sizes.length).toBeGreaterThanOrEqual(3)
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(60_000)
  })
})

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  return (await page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ' ' + html + ' ' + failureSummary)))`,
  )) as string[]
}
