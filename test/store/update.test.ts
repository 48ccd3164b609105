import type { SessionData } from 'express-session'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'
import { anyData, RULES } from './arbitraries.js'
import { type AnySession, load, newSession } from './requests.js'

const { client } = await useRedis()

const open = (options: Partial<ExactRedisStoreOptions> = {}) =>
  new ExactRedisStore({
    client,
    counters: ['visits', 'clicks'],
    cappedLists: { trail: 20 },
    ttl: 60,
    ...options,
  })
const create = (store: ExactRedisStore, contents: object, sid = 'sid') =>
  store.commit(Object.assign(newSession(store, sid), contents) as AnySession)
const visit = { add: { visits: 1 }, append: { trail: ['now'] } }

describe('an update', () => {
  it('is what a load, the same change and a commit are, for any session', async () => {
    const store = open()
    const update = fc.record({
      add: fc.dictionary(fc.constantFrom('visits', 'clicks'), fc.integer({ min: -9, max: 9 })),
      append: fc.dictionary(fc.constant('trail'), fc.array(fc.string(), { maxLength: 25 })),
    })
    await fc.assert(
      fc.asyncProperty(anyData, update, async (contents, { add, append }) => {
        // A counter that holds something else, and a log that is none, have no such change.
        const { visits, clicks, trail } = contents as Record<string, unknown>
        // (Number() of any value may throw: JSON can name a key toString.)
        const isCount = (value: unknown) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 50
        fc.pre([visits, clicks].every((value) => value === undefined || isCount(value)))
        fc.pre(trail === undefined || Array.isArray(trail))
        for (const sid of ['one', 'two']) await create(store, structuredClone(contents), sid)
        const session = (await load(store, 'two')) as Record<string, unknown>
        for (const [name, by] of Object.entries(add)) session[name] = Number(session[name] ?? 0) + by
        for (const [name, entries] of Object.entries(append).filter(([, { length }]) => length > 0))
          session[name] = [...((session[name] as unknown[]) ?? []), ...entries].slice(
            -(RULES.cappedLists.get(name) ?? 0),
          )
        await store.commit(session as AnySession)

        const updated = await store.update('one', { add, append })
        expect(updated).toEqual(await store.get('one'))
        expect(updated).toEqual(await store.get('two'))
        await store.clear()
      }),
      { numRuns: 100 },
    )
  })

  it('gives each key its own value, where a key or what other means wrote has a NUL', async () => {
    const store = open()
    await create(store, { visits: 1, name: 'ada', 'a\0b': 'strange' })
    const keys = ['spaced', 'name', 'a\0b']
    // Neither guesses where a text ends, nor takes an empty one for none.
    for (const text of ['\0[1,\0 2]', '']) {
      await client.hset('sess:sid', ':spaced', text)
      await expect(store.update('sid', visit, { keys })).rejects.toMatchObject({
        code: 'ERR_SESSION_FOREIGN',
      })
      await expect(store.get('sid')).rejects.toMatchObject({ code: 'ERR_SESSION_FOREIGN' })
    }
    await client.hset('sess:sid', ':spaced', '[1]')
    const session = { name: 'ada', 'a\0b': 'strange', spaced: [1] }
    expect(await store.update('sid', visit, { keys })).toMatchObject(session)
    expect(await store.update('sid', visit)).toMatchObject(session)
    expect(await store.get('sid')).toMatchObject({ ...session, visits: 5 })
  })

  it('gives a long session, too, which comes in its parts', async () => {
    const store = open()
    const session = { name: 'ada'.repeat(1_000), visits: 1 }
    await create(store, session)
    expect(await store.get('sid')).toMatchObject(session)
    expect(await store.update('sid', visit, { keys: ['name'] })).toMatchObject({ ...session, visits: 2 })
    expect(await store.update('sid', visit)).toMatchObject({ ...session, visits: 3 })
  })

  it('gives a wanted counter under a key that another change had before', async () => {
    const store = open()
    await create(store, { visits: 3 })
    await store.update('sid', { append: visit.append }, { idempotencyKey: 'k' })
    const again = await store.update('sid', visit, { idempotencyKey: 'k', keys: ['visits'] })
    expect(again).toMatchObject({ visits: 3 })
  })

  it('takes one round trip, and leaves nothing to save or to touch', async () => {
    const store = open()
    await create(store, { visits: 1 })
    await store.update('sid', visit)
    await client.config('RESETSTAT')
    const data = (await store.update('sid', visit)) as SessionData
    const session = store.createSession({ sessionID: 'sid', sessionStore: store } as never, data)
    let within = 0
    store.set('sid', session, () => {
      within += 1
    })
    store.touch('sid', session, () => {
      within += 1
    })
    expect(within).toBe(2)
    const stats = await client.info('commandstats')
    expect(stats).toMatch(/cmdstat_evalsha:calls=1,/)
    expect(stats).not.toMatch(/cmdstat_(get|set|eval|expire):/)
  })

  it('gives the keys that are wanted, and each in a batch what any of them wants', async () => {
    const store = open()
    await create(store, { visits: 1, name: 'a', trail: ['first'] })
    const only = (keys: string[]) => store.update('sid', visit, { keys }) as Promise<SessionData>
    expect(Object.keys(await only(['visits']))).toEqual(['cookie', 'visits'])
    // The counters that it changes are known anyway.
    expect(Object.keys(await only(['name', 'nothing']))).toEqual(['cookie', 'name', 'visits'])
    // The first goes at once, the others together.
    const [, some, all] = await Promise.all([only(['visits']), only(['name']), store.update('sid', visit)])
    expect(some).toEqual({ cookie: expect.anything(), visits: 5, name: 'a' })
    expect(all).toMatchObject({ visits: 6, name: 'a', trail: ['first', ...Array(5).fill('now')] })
  })

  it('leaves what it did not give as it is: what the request adds to it is added', async () => {
    const store = open()
    await create(store, { visits: 1, clicks: 5, name: 'a', trail: ['first'] })
    const data = (await store.update('sid', visit, { keys: ['visits'] })) as SessionData
    const request = { sessionID: 'sid', sessionStore: store } as never
    const session = store.createSession(request, data) as AnySession
    Object.assign(session, { clicks: 1, trail: ['last'] })
    await store.commit(session)
    expect(await store.get('sid')).toMatchObject({
      visits: 2,
      clicks: 6,
      name: 'a',
      trail: ['first', 'now', 'last'],
    })
  })

  it('gives as many keys as are asked for', async () => {
    const store = open()
    await create(store, { visits: 1, name: 'a' })
    const keys = Array.from({ length: 9_000 }, (_, i) => `key${i}`)
    expect(await store.update('sid', visit, { keys: [...keys, 'name'] })).toMatchObject({
      visits: 2,
      name: 'a',
    })
  })

  it('takes more entries than a log keeps, and than a call takes arguments', async () => {
    const store = open()
    await create(store, { trail: ['first'] })
    const many = Array.from({ length: 200_000 }, (_, i) => `${i}`)
    expect(await store.update('sid', { append: { trail: many } })).toMatchObject({ trail: many.slice(-20) })
  })

  it.each([[['first']], [['first', 'second']], [undefined]])(
    'of no entries leaves a log as it is: %j',
    async (trail) => {
      const store = open()
      await create(store, { visits: 1, trail })
      const updated = await store.update('sid', { add: { visits: 1 }, append: { trail: [] } })
      expect(updated).toMatchObject({ visits: 2 })
      expect(updated).toEqual(await store.get('sid'))
      expect((updated as { trail?: unknown }).trail).toEqual(trail)
      const again = await store.update('sid', visit)
      expect(again).toMatchObject({ visits: 3, trail: [...(trail ?? []), 'now'] })
    },
  )

  it('is where the request goes on from: what it changes after is committed on top', async () => {
    const store = open()
    await create(store, { visits: 1, name: 'a' })
    const data = (await store.update('sid', visit)) as SessionData
    await store.update('sid', visit)
    const session = store.createSession(
      { sessionID: 'sid', sessionStore: store } as never,
      data,
    ) as AnySession
    Object.assign(session, { visits: session.visits + 10, name: 'b' })
    await store.commit(session)
    expect(session.visits).toBe(13)
    expect(await store.get('sid')).toMatchObject({ visits: 13, name: 'b', trail: ['now', 'now'] })
  })

  it('extends the life of a session by its own measure, and leaves a fixed end alone', async () => {
    const store = open()
    await create(store, {})
    const fixed = newSession(store, 'fixed', { expires: new Date(Date.now() + 5_000) })
    await store.commit(Object.assign(fixed, { visits: 1 }) as AnySession)
    await client.pexpire('sess:sid', 10_000)
    await store.update('sid', visit)
    await store.update('fixed', visit)
    expect(await client.pttl('sess:sid')).toBeGreaterThan(50_000)
    expect(await client.pttl('sess:fixed')).toBeLessThanOrEqual(5_000)
  })

  it('leaves an end alone that a commit in the same batch gave the session', async () => {
    const store = open()
    await create(store, { visits: 1 })
    const session = await load(store, 'sid')
    session.cookie.expires = new Date(Date.now() + 5_000)
    // The first goes at once, the others together.
    await Promise.all([store.update('sid', visit), store.commit(session), store.update('sid', visit)])
    expect(await client.pttl('sess:sid')).toBeLessThanOrEqual(5_000)
    expect(await store.get('sid')).toMatchObject({ visits: 3 })
  })

  it('makes no session, and brings none back', async () => {
    const store = open()
    expect(await store.update('sid', visit)).toBeNull()
    await create(store, {})
    await store.destroy('sid')
    expect(await store.update('sid', visit)).toBeNull()
    expect(await client.keys('*')).toEqual([])
  })

  it('with an idempotency key counts once, and says the number of the first time', async () => {
    const store = open()
    await create(store, { visits: 1 })
    const duplicates: unknown[] = []
    store.on('duplicate', () => duplicates.push(1))
    const once = { idempotencyKey: 'click' }
    expect(await store.update('sid', visit, once)).toMatchObject({ visits: 2 })
    expect(await store.update('sid', visit)).toMatchObject({ visits: 3 })
    expect(await store.update('sid', visit, once)).toMatchObject({ visits: 2, trail: ['now', 'now'] })
    expect(duplicates).toHaveLength(1)
    expect(await store.get('sid')).toMatchObject({ visits: 3 })
  })

  it('takes over a record of connect-redis', async () => {
    const store = open()
    const cookie = { originalMaxAge: null, expires: null, path: '/' }
    await client.set('sess:sid', JSON.stringify({ cookie, visits: 4, list: [] }), 'EX', 30)
    expect(await store.update('sid', visit)).toEqual({ cookie, visits: 5, list: [], trail: ['now'] })
    expect(await client.type('sess:sid')).toBe('hash')
    expect(await client.pttl('sess:sid')).toBeGreaterThan(50_000)
  })

  it('is refused for what is no declared counter or log', async () => {
    const store = open()
    await create(store, { name: 'a' })
    for (const wrong of [{ add: { name: 1 } }, { add: { visits: 0.5 } }, { append: { visits: [1] } }])
      await expect(store.update('sid', wrong as object)).rejects.toThrow(TypeError)
  })

  it.each([
    ['nothing', undefined, 'expected an object such as { add: { visits: 1 } }, found undefined'],
    ['null', null, 'expected an object such as { add: { visits: 1 } }, found null'],
    ['a promise', Promise.resolve({ add: { visits: 1 } }), 'found a promise'],
    ['a mistyped part', { adds: { visits: 1 } }, 'expected add, append, found adds'],
    ['a key among the parts', { add: { visits: 1 }, idempotencyKey: 'k' }, 'found idempotencyKey'],
    ['a text for a number', { add: { visits: 'secret' } }, 'found visits: string'],
    ['a text for entries', { append: { trail: 'secret' } }, 'expected an array for trail, found string'],
  ])('is refused in words, not left out: %s', async (_what, wrong, message) => {
    const store = open()
    await create(store, { visits: 1 })
    const refused = store.update('sid', wrong as object)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.not.toThrow('secret')
    expect(await client.hget('sess:sid', ':visits')).toBe('1')
  })

  it('of many at once on one session counts each, with a number of its own', async () => {
    const others = [client.duplicate(), client.duplicate()]
    const stores = [open(), ...others.map((other) => open({ client: other }))]
    await create(stores[0] as ExactRedisStore, { visits: 0 })
    const all = await Promise.all(Array.from({ length: 300 }, (_, i) => stores[i % 3]?.update('sid', visit)))
    expect(new Set(all.map((data) => data?.visits)).size).toBe(300)
    expect(await client.hget('sess:sid', ':visits')).toBe('300')
    for (const other of others) other.disconnect()
  })
})
