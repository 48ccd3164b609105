import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { STORE_NAMES } from '../../../src/counter/config/store-names.js'
import { experiment, resultOf, Site, visits } from './site.js'

describe.each(STORE_NAMES)('the experiments, with sessions in %s', { timeout: 90_000 }, (store) => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open(store)
  })
  afterEach(() => expect(site.complaints()).toEqual([]))
  afterAll(() => site.close())

  const shared = store !== 'memory'

  it('refreshes 10 times', async () => {
    const page = await site.visitor()
    const result = await experiment(page, 'refresh')
    const verdict = await result.locator('.verdict').textContent()
    if (shared) expect(verdict).toBe('✓ The count carried on in 10 of 10 visits, over 4 instances.')
    else expect(verdict).toMatch(/^✗ The count carried on in \d of 10 visits/)
    if (shared) expect(await visits(page).textContent()).toBe('11')
    expect(new Set(await result.locator('.dots i').evaluateAll(classes)).size).toBeGreaterThan(1)
  })

  it('sends 50 visits at once', async () => {
    const page = await site.visitor()
    const result = await experiment(page, 'burst')
    const rows = await result.locator('dl div').allTextContents()
    const figure = (name: string) =>
      Number.parseInt(rows.find((row) => row.startsWith(name))?.slice(name.length) ?? '', 10)
    expect([figure('sent'), figure('answered')]).toEqual([50, 50])
    const verdict = await result.locator('.verdict').textContent()
    if (store === 'exact') {
      expect([figure('counted'), figure('numbers')]).toEqual([50, 50])
      expect(verdict).toMatch(/^✓ Each visit was counted/)
      expect(await visits(page).textContent()).toBe('51')
    } else if (store === 'connect-redis') {
      const lost = 50 - figure('counted')
      expect(lost).toBeGreaterThan(0)
      expect(verdict).toBe(`✗ ${lost} of 50 visits were answered, and then lost (${2 * lost} %).`)
    } else {
      expect(rows.some((row) => row.startsWith('counted'))).toBe(false)
      expect(verdict).toMatch(/^✗ Each instance counted for itself: 50 visits saw \d+ different number/)
    }
    expect(await result.locator('.store').textContent()).toBe(store)
  })

  it('ends the session while visits are in flight', async () => {
    const page = await site.visitor()
    const result = await experiment(page, 'race')
    const verdict = await result.locator('.verdict').textContent()
    if (store === 'exact') expect(verdict).toBe('✓ Ended 20 times, and each time it stayed ended.')
    if (store === 'connect-redis')
      expect(verdict).toMatch(/^✗ In \d+ of 20 rounds the ended session came back/)
    if (store === 'memory') expect(verdict).toMatch(/^[✗?] In \d+ of 20 rounds/)
  })

  it('kills an instance, once that is confirmed', async () => {
    const verdictOfKill = async () => {
      const page = await site.visitor()
      // Redis lists one that was killed before for some seconds.
      await expect.poll(() => page.locator('#picture .wide .node').count()).toBe(4)
      await page.locator('button[data-experiment=kill]').click()
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.locator('#visit').click()
      if (shared) await expect.poll(() => visits(page).textContent()).toBe('2')

      await page.locator('button[data-experiment=kill]').click()
      await page.getByRole('button', { name: 'Kill it', exact: true }).click()
      const result = await resultOf(page, 'kill')
      const killed = await result.locator('.chip').first().textContent()
      await page.locator('#picture .wide .node.gone', { hasText: `${killed}` }).waitFor()
      const verdict = await result.locator('.verdict').textContent()
      // The platform starts it again, and the picture shows it.
      await page.locator('#picture .wide .node.gone').waitFor({ state: 'detached' })
      await expect.poll(() => page.locator('#picture .wide .node').count()).toBe(4)
      return verdict
    }
    const verdict = await verdictOfKill()
    if (shared) expect(verdict).toBe('✓ The count carried on: 3 after 2.')
    // In memory a visit may meet, by chance, the one instance that knows its session.
    else expect(verdict).toMatch(/^(✗ The count did not carry on|\? The count carried on: .* By luck)/)
  })
})

function classes(elements: { className: string }[]): string[] {
  return elements.map((element) => element.className)
}
