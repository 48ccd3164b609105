import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { STORE_NAMES } from '../../../src/counter/config/store-names.js'
import { experiment, Site, visits } from './site.js'

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
    if (shared) expect(verdict).toBe('✓ The count went on in 10 of 10 visits.')
    else expect(verdict).toMatch(/^✗ The count went on in \d of 10 visits/)
    if (shared) expect(await visits(page).textContent()).toBe('11')
    expect(new Set(await result.locator('.dots i').evaluateAll(classes)).size).toBeGreaterThan(1)
  })

  it('sends 50 visits at once', async () => {
    const page = await site.visitor()
    const result = await experiment(page, 'burst')
    const [sent, answered, counted, different] = (await result.locator('dd').allTextContents()).map(Number)
    expect([sent, answered]).toEqual([50, 50])
    const verdict = await result.locator('.verdict').textContent()
    if (store === 'exact') {
      expect([counted, different]).toEqual([50, 50])
      expect(verdict).toMatch(/^✓ All equal/)
      expect(await visits(page).textContent()).toBe('51')
    } else {
      expect(counted).toBeLessThan(50)
      expect(different).toBeLessThan(50)
      expect(verdict).toMatch(/^✗ \d+ of 50 visits were answered, and then lost/)
    }
  })

  it('ends the session while visits are in flight', async () => {
    const page = await site.visitor()
    const result = await experiment(page, 'race')
    const verdict = await result.locator('.verdict').textContent()
    if (store === 'exact') expect(verdict).toBe('✓ Ended 20 times, and each time it stayed ended.')
    if (store === 'connect-redis') expect(verdict).toMatch(/^✗ Came back from the dead in \d+ of 20 rounds/)
    if (store === 'memory') expect(verdict).toMatch(/^✗ /)
  })

  it('kills an instance, once that is confirmed', async () => {
    const verdictOfKill = async () => {
      const page = await site.visitor()
      // Redis lists one that was killed before for some seconds.
      await expect.poll(() => page.locator('#picture .wide .node').count()).toBe(4)
      await page.locator('[data-experiment=kill]').click()
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.locator('#visit').click()
      if (shared) await expect.poll(() => visits(page).textContent()).toBe('2')

      await page.locator('[data-experiment=kill]').click()
      await page.getByRole('button', { name: 'Kill it', exact: true }).click()
      const result = page.locator('[data-experiment=kill] + [aria-busy=false]')
      const killed = await result.locator('.chip').first().textContent()
      await page.locator('#picture .wide .node.gone', { hasText: `${killed}` }).waitFor()
      const verdict = await result.locator('.verdict').textContent()
      // The platform starts it again, and the picture shows it.
      await page.locator('#picture .wide .node.gone').waitFor({ state: 'detached' })
      await expect.poll(() => page.locator('#picture .wide .node').count()).toBe(4)
      return verdict
    }
    let verdict = await verdictOfKill()
    // In memory a visit may meet, by chance, the one instance that knows its session: then another visitor tries.
    for (let more = 0; !shared && verdict?.startsWith('✓') && more < 5; more += 1)
      verdict = await verdictOfKill()
    if (shared) expect(verdict).toBe('✓ The count went on: 3.')
    else expect(verdict).toMatch(/^✗ The count did not go on/)
  })
})

function classes(elements: { className: string }[]): string[] {
  return elements.map((element) => element.className)
}
