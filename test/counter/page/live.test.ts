import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { experiment, notice, resultOf, Site, visits } from './site.js'

describe('a page that is open while the store is switched', { timeout: 90_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open('exact')
  })
  afterAll(() => site.close())

  it('says so, explains the session that ended with it, and blames no store for another one', async () => {
    const page = await site.visitor()
    await experiment(page, 'burst')
    await site.platform.switchStore('connect-redis')
    await expect
      .poll(() => notice(page).textContent())
      .toBe(
        'The store is now connect-redis. Your session (51) is in the format of exact, which connect-redis can’t read: your next visit starts a new one.',
      )
    expect(await page.locator('#hero .store').textContent()).toBe('connect-redis')
    expect(await page.locator('#store-list .current dt').textContent()).toContain('connect-redis')
    expect(await page.locator('#result .store').textContent()).toBe('exact')
    await page.locator('#visit').click()
    await expect.poll(() => visits(page).textContent()).toBe('1')

    await site.platform.switchStore('exact')
    await expect
      .poll(() => notice(page).textContent())
      .toContain('It took over your session of connect-redis.')
    expect(await visits(page).textContent()).toBe('1')

    await site.platform.switchStore('memory')
    await expect
      .poll(() => notice(page).textContent())
      .toContain('in Redis, which the memory store doesn’t use')
    expect(await visits(page).textContent()).toBe('0')
  })
})

describe('the live page', { timeout: 90_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open('exact')
  })
  afterEach(() => expect(site.complaints()).toEqual([]))
  afterAll(() => site.close())

  it('lights the way of each visit, and keeps the trail', async () => {
    const page = await site.visitor()
    for (const turn of ['2', '3', '4', '5']) {
      await page.locator('#visit').click()
      await expect.poll(() => visits(page).textContent()).toBe(turn)
      const instance = await page.locator('#hero .chip').textContent()
      expect(`instance ${await page.locator('#picture .wide .node.lit text').textContent()}`).toBe(instance)
      expect(`instance ${await page.locator('.strip li').last().locator('span + *').evaluate(before)}`).toBe(
        instance,
      )
    }
    expect(await page.locator('#picture .wide .redis text').last().textContent()).toBe('5')
    expect(await page.locator('.strip li').count()).toBe(5)
    expect(await page.title()).toBe('5 visits · RedisSessions')
  })

  it('goes on in two tabs of one session, and tells one that the other has ended it', async () => {
    const first = await site.visitor()
    const second = await site.tab(first)
    await expect.poll(() => visits(first).textContent()).toBe('1')
    await second.locator('#visit').click()
    await expect.poll(() => visits(second).textContent()).toBe('3')
    await expect.poll(() => visits(first).textContent()).toBe('3')
    await second.locator('#end').click()
    await expect.poll(() => notice(first).textContent()).toContain('was ended in another tab')
    await first.locator('#visit').click()
    await expect.poll(() => visits(first).textContent()).toBe('1')
  })

  it('gives a new id and keeps the count', async () => {
    const page = await site.visitor()
    const before = await page.context().cookies()
    await page.locator('#renew').click()
    await expect.poll(() => notice(page).textContent()).toContain('new session id')
    expect((await page.context().cookies())[0]?.value).not.toBe(before[0]?.value)
    await page.locator('#visit').click()
    await expect.poll(() => visits(page).textContent()).toBe('2')
  })

  it('answers each visit of a burst while instances are killed', async () => {
    const page = await site.visitor()
    const result = experiment(page, 'burst')
    await site.platform.killInstance(0)
    await site.platform.killInstance(1)
    const figures = await (await result).locator('dd').allTextContents()
    expect(figures).toEqual(['50', '50', '50', '50'])
  })

  it('answers each visit of a burst while all instances restart', async () => {
    const page = await site.visitor()
    const result = experiment(page, 'burst')
    await site.platform.restart()
    const figures = await (await result).locator('dd').allTextContents()
    expect(figures).toEqual(['50', '50', '50', '50'])
  })

  it('sends a visit again, under its key, when its instance went away in the middle of it', async () => {
    const page = await site.visitor()
    const keys: (string | undefined)[] = []
    await page.route('**/api/visits', async (route) => {
      keys.push(route.request().headers()['idempotency-key'])
      if (keys.length > 1) return route.continue()
      // It is counted, and its answer never arrives.
      await route.fetch()
      await route.abort()
    })
    await page.locator('#visit').click()
    await expect.poll(() => notice(page).textContent()).toContain('counts once')
    expect(await visits(page).textContent()).toBe('2')
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
    await page.locator('#visit').click()
    await expect.poll(() => visits(page).textContent()).toBe('3')
  })

  it('shows that Redis is away, keeps trying, and goes on from the right number', async () => {
    const page = await site.visitor()
    await site.platform.stopRedis()
    await page.locator('#visit').click()
    await page.locator('#picture .wide .redis.away').waitFor()
    await expect.poll(() => notice(page).textContent()).toContain('can’t reach Redis')
    await site.platform.startRedis()
    await page.locator('#picture .wide .redis.up').waitFor()
    await expect.poll(() => visits(page).textContent()).toBe('2')
    await expect.poll(() => notice(page).textContent()).not.toContain('can’t reach Redis')
  })

  it('shows instances come and go', async () => {
    const page = await site.visitor()
    const nodes = page.locator('#picture .wide .node:not(.gone)')
    await expect.poll(() => nodes.count()).toBe(4)
    await site.platform.scale(6)
    await expect.poll(() => nodes.count()).toBe(6)
    await site.platform.scale(4)
    await expect.poll(() => nodes.count()).toBe(4)
  })

  it('says when the browser sends no cookie back', async () => {
    const page = await site.visitor()
    await page.context().clearCookies()
    await page.route('**/*', async (route) => {
      const response = await route.fetch({ headers: { ...route.request().headers(), cookie: '' } })
      await route.fulfill({ response, headers: without(response.headers(), 'set-cookie') })
    })
    await page.reload()
    await expect.poll(() => notice(page).textContent()).toContain('Allow cookies')
  })

  it('meets the next instance at each reload, whatever the page asks in between', async () => {
    const page = await site.visitor()
    const met = []
    for (let reload = 0; reload < 8; reload++) {
      met.push(Number((await page.locator('#hero .chip').textContent())?.replace('instance ', '')))
      await page.reload()
    }
    expect(new Set(met.slice(0, 4)).size).toBe(4)
    expect(met.slice(4)).toEqual(met.slice(0, 4))
  })

  it('says that the page can’t reach the counter when that is all it knows', async () => {
    const page = await site.visitor()
    await page.context().setOffline(true)
    await expect
      .poll(() => notice(page).textContent())
      .toBe('The page can’t reach the counter. Trying again…')
    expect(await page.locator('#picture .redis.away').count()).toBe(0)
    await page.context().setOffline(false)
    await expect.poll(() => notice(page).textContent()).toContain('the count is still 1')
  })

  it('says when the last visits all met one instance, and draws no other ways', async () => {
    const page = await site.visitor()
    const instances = ['a', 'b'].map((id, index) => ({ id, index, startedAt: 0 }))
    await page.route('**/api/instances', (route) => route.fulfill({ json: { instances, store: 'exact' } }))
    let visits = 1
    await page.route('**/api/visits', (route) => {
      visits++
      return route.fulfill({ json: { visits, instance: { id: 'a', index: 0 }, store: 'exact' } })
    })
    await page.locator('#picture .wide .node[data-id=b]').waitFor()
    for (let turn = 0; turn < 6; turn++) await page.locator('#visit').click()
    await expect
      .poll(() => page.locator('.hint').textContent())
      .toMatch(/^Your last 6 visits all met instance 0/)
    expect(await page.locator('#picture .wide.pinned').count()).toBe(1)
  })

  it('moves nothing when a notice comes and an experiment shows its result', async () => {
    const page = await site.visitor({ viewport: { width: 1280, height: 800 } })
    const place = async () => JSON.stringify(await page.locator('#controls, #trail').evaluateAll(tops))
    const before = await place()
    await experiment(page, 'burst')
    await page.locator('#renew').click()
    await expect.poll(() => notice(page).textContent()).toContain('new session id')
    expect(await place()).toBe(before)
    for (const part of ['#hero', '#picture', '#result', 'button[data-experiment=kill]']) {
      const box = await page.locator(part).boundingBox()
      expect((box?.y ?? -1) >= 0 && (box?.y ?? 0) + (box?.height ?? 0) <= 800).toBe(true)
    }
  })

  it('runs one thing at a time', async () => {
    const page = await site.visitor()
    let clicked = () => {}
    const bothClicked = new Promise<void>((resolve) => {
      clicked = resolve
    })
    // No visit is answered before: the first thing is not over when the second is wanted.
    await page.route('**/api/visits', async (route) => {
      await bothClicked
      await route.continue()
    })
    await page.locator('button[data-experiment=refresh]').click()
    await page.locator('#visit').click({ force: true })
    clicked()
    await resultOf(page, 'refresh')
    expect(await visits(page).textContent()).toBe('11')
  })
})

function before(element: { previousSibling: { textContent: string | null } | null }): string {
  return element.previousSibling?.textContent?.trim() ?? ''
}

function tops(elements: { getBoundingClientRect(): { top: number } }[]): number[] {
  return elements.map((element) => element.getBoundingClientRect().top)
}

function without(headers: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
}
