import express from 'express'
import session, { type SessionData } from 'express-session'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { expiryOf, FIXED, positive, sameExpiry, ttlOf } from '../../src/store/expiry.js'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'
import { type AnySession, load, newSession } from './requests.js'

const { client } = await useRedis()
const HOUR = 3_600_000
const MONTH = 30 * 24 * HOUR

const open = (options: Partial<ExactRedisStoreOptions> = {}) => new ExactRedisStore({ client, ...options })
const pttl = () => client.pttl('sess:sid')
const cookie = async () => JSON.parse((await client.hget('sess:sid', ':cookie')) ?? 'null')
const create = async (store: ExactRedisStore, contents: object = {}, options: session.CookieOptions = {}) => {
  const made = Object.assign(newSession(store, 'sid', options), contents) as AnySession
  await store.commit(made)
  return made
}
const save = (held: AnySession) =>
  new Promise<void>((resolve, reject) => held.save((error) => (error ? reject(error) : resolve())))
const touch = (store: ExactRedisStore, held: AnySession) => {
  held.touch()
  return new Promise<void>((resolve, reject) =>
    store.touch('sid', held, (error) => (error ? reject(error) : resolve())),
  )
}

it('a time that is left is more than nothing, a number, and one that Redis takes', () => {
  expect([-1, 0, Number.NaN, Number.POSITIVE_INFINITY].map(positive)).toEqual(Array(4).fill(undefined))
  expect([1, 0.5, 1e15, 1e16].map(positive)).toEqual([1, 0.5, 1e15, 1e15])
})

describe('how a session expires', () => {
  const of = (cookie: object | undefined, option: number | (() => number) = 60) =>
    expiryOf({ cookie } as never, option)

  it.each([
    ['by its maxAge, in whole ms', { originalMaxAge: 1_000.2, expires: 'x' }, { kind: 'sliding', ms: 1_001 }],
    ['at the end that its cookie has', { originalMaxAge: null, expires: '2026-01-01' }, FIXED],
    ['by the option', { originalMaxAge: null, expires: null }, { kind: 'sliding', ms: 60_000 }],
    ['by the option without a cookie', undefined, { kind: 'sliding', ms: 60_000 }],
  ])('%s', (_how, cookie, expiry) => {
    expect(of(cookie)).toEqual(expiry)
  })

  it('by what a function gives each time: no load extends it', () => {
    expect(of({ originalMaxAge: 1_000 }, () => 5)).toEqual(FIXED)
  })

  it('in whole ms, if the option is a fraction of one', () => {
    expect(of(undefined, 0.0015)).toEqual({ kind: 'sliding', ms: 2 })
  })

  it('the same, or not', () => {
    const sliding = (ms: number) => ({ kind: 'sliding', ms }) as const
    expect(sameExpiry(FIXED, FIXED)).toBe(true)
    expect(sameExpiry(sliding(1), sliding(1))).toBe(true)
    expect(sameExpiry(sliding(1), sliding(2))).toBe(false)
    expect(sameExpiry(sliding(1), FIXED)).toBe(false)
    expect(sameExpiry(FIXED, sliding(1))).toBe(false)
    expect(sameExpiry(undefined, FIXED)).toBe(false)
  })
})

describe('the time that a session has left', () => {
  const of = (cookie: object | undefined, option: unknown = 60) => ttlOf({ cookie } as never, option as never)
  const at = (ms: number) => new Date(Date.now() + ms)

  it.each<[string, object | undefined, number]>([
    ['the option', { expires: null }, 60_000],
    ['the option without a cookie', undefined, 60_000],
  ])('is by %s', (_what, cookie, ms) => {
    expect(of(cookie)).toBe(ms)
  })

  it.each([(date: Date) => date, (date: Date) => date.toISOString()])(
    'is by its cookie’s date, as a date or a text',
    (form) => {
      const left = of({ expires: form(at(30_000)) }) ?? 0
      expect(left).toBeLessThanOrEqual(30_000)
      expect(left).toBeGreaterThan(20_000)
      expect(of({ expires: form(at(-5_000)) })).toBeUndefined()
    },
  )

  it('is none if its date is none', () => {
    expect(of({ expires: 'soon' })).toBeUndefined()
  })

  it.each<[unknown, number | undefined]>([
    [5, 5_000],
    [0.0015, 2],
    ['5', 5_000],
    [0, undefined],
    [-5, undefined],
  ])('is by what a function gives: %o', (seconds, ms) => {
    expect(of({}, () => seconds)).toBe(ms)
  })

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'object'],
    ['', 'string'],
    ['soon', 'string'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Promise.resolve(5), 'a promise'],
    [[5], 'object'],
  ])('is refused if a function gives no number: %o', (given, found) => {
    expect(() => of({}, () => given)).toThrow(TypeError)
    expect(() => of({}, () => given)).toThrow(
      `ttl: expected the function to return seconds, a number, found ${found}`,
    )
  })

  it('is asked of a function with a cookie as express-session has it', () => {
    let seen: SessionData['cookie'] | undefined
    const ask = (cookie: object | undefined) => {
      of(cookie, (data: SessionData) => {
        seen = data.cookie
        return 5
      })
      return seen
    }
    const date = at(30_000)
    expect(ask({ originalMaxAge: 9_000, expires: null, path: '/a' })).toMatchObject({ path: '/a' })
    // A millisecond may pass while express-session sets it.
    expect(seen?.originalMaxAge).toBeGreaterThan(8_000)
    expect(seen?.originalMaxAge).toBeLessThanOrEqual(9_000)
    expect(seen?.maxAge).toBeGreaterThan(0)
    expect(ask({ originalMaxAge: null, expires: date.toISOString() })?.expires).toEqual(date)
    expect(ask({ originalMaxAge: null, expires: null })?.expires).toBeNull()
    expect(seen?.maxAge).toBeNull()
    const own = { maxAge: 1 }
    expect(ask(own)).toBe(own)
    expect(ask(undefined)).toBeUndefined()
  })
})

describe('a request that leaves the cookie alone', () => {
  it('leaves the cookie and the time that another gave the session', async () => {
    const store = open()
    await create(store, {}, { maxAge: HOUR })
    const [login, slow, slower] = [
      await load(store, 'sid'),
      await load(store, 'sid'),
      await load(store, 'sid'),
    ]
    login.cookie.maxAge = MONTH
    login.user = 'ada'
    await save(login)
    slow.seen = true
    await save(slow)
    await touch(store, slow)
    // That of the others was a hundredth of an hour ago.
    const { now } = performance
    performance.now = () => now.call(performance) + HOUR
    try {
      await touch(store, slower)
    } finally {
      performance.now = now
    }
    expect(await cookie()).toMatchObject({ originalMaxAge: MONTH })
    expect(await pttl()).toBeGreaterThan(MONTH - HOUR)
    const found = await load(store, 'sid')
    expect(found).toMatchObject({ user: 'ada', seen: true })
    expect(found.cookie.originalMaxAge).toBe(MONTH)
  })

  it('leaves an end at a fixed time alone, its own and one that another set', async () => {
    const store = open()
    const made = await create(store)
    Object.assign(made.cookie, { _expires: new Date(Date.now() + HOUR), originalMaxAge: null })
    made.at = 1
    await save(made)
    const stored = await cookie()
    const [later, slow] = [await load(store, 'sid'), await load(store, 'sid')]
    Object.assign(later.cookie, { _expires: new Date(Date.now() + 2 * HOUR) })
    await store.touch('sid', later)
    expect(await pttl()).toBeGreaterThan(HOUR)
    slow.at = 2
    await save(slow)
    await touch(store, slow)
    expect(await pttl()).toBeGreaterThan(HOUR)
    expect(Date.parse((await cookie()).expires)).toBeGreaterThan(Date.parse(stored.expires) + HOUR / 2)
  })

  it('stores a cookie that was changed by a touch alone: express-session asks for no more', async () => {
    const store = open()
    await create(store, { user: 'ada' }, { maxAge: HOUR })
    const held = await load(store, 'sid')
    held.cookie.maxAge = MONTH
    held.unsaved = true
    await touch(store, held)
    await client.pexpire('sess:sid', HOUR)
    const found = await load(store, 'sid')
    expect(found.cookie.originalMaxAge).toBe(MONTH)
    expect(found).not.toHaveProperty('unsaved')
    expect(await pttl()).toBeGreaterThan(MONTH - HOUR)
  })
})

describe('a ttl that is a function', () => {
  const untilEnd = (data: SessionData) =>
    Math.min(100, ((data as SessionData & { endsAt: number }).endsAt - Date.now()) / 1_000)

  it('is never extended past what it gives: by loads, updates, commits and touches', async () => {
    const store = open({ ttl: untilEnd, counters: ['visits'] })
    await create(store, { endsAt: Date.now() + 20_000, visits: 0 })
    const ends = await pttl()
    expect(ends).toBeLessThanOrEqual(20_000)
    const held = await load(store, 'sid')
    await store.update('sid', { add: { visits: 1 } })
    held.visits = 1
    await save(held)
    await touch(store, held)
    expect(await pttl()).toBeLessThanOrEqual(ends)
    expect(await client.hexists('sess:sid', '@ttl')).toBe(0)
    // A record that an earlier release wrote.
    await client.hset('sess:sid', '@ttl', '100000')
    await client.pexpire('sess:sid', 100_000)
    await touch(store, await load(store, 'sid'))
    expect(await pttl()).toBeLessThanOrEqual(ends)
    expect(await client.hexists('sess:sid', '@ttl')).toBe(0)
  })

  it('extends a session with each touch and commit, as far as it says', async () => {
    const store = open({ ttl: () => 100 })
    await create(store)
    for (const use of [touch, (_: unknown, held: AnySession) => save(Object.assign(held, { a: 1 }))]) {
      const held = await load(store, 'sid')
      await client.pexpire('sess:sid', 10_000)
      await use(store, held)
      expect(await pttl()).toBeGreaterThan(90_000)
    }
  })
})

describe('a route whose use does not count', () => {
  it('loads the session, and neither its load nor its end extends it; a change does', async () => {
    const store = open({ ttl: 50 })
    const app = express()
    const sessions = session({ store, secret: 'test', resave: false, saveUninitialized: false })
    app.get('/poll', store.withoutExtending(sessions), (req, res) => {
      res.json(Boolean(req.session.visits))
    })
    app.get('/', sessions, (req, res) => {
      req.session.visits = (req.session.visits ?? 0) + 1
      req.session.save(() => res.json('ok'))
    })
    app.get('/change', store.withoutExtending(sessions), (req, res) => {
      req.session.visits = 10
      req.session.save(() => res.json('ok'))
    })
    const first = await request(app).get('/').expect(200)
    const sent = String(first.get('Set-Cookie')?.[0]).split(';')[0] ?? ''
    const [key = ''] = await client.keys('sess:*')
    await client.pexpire(key, 10_000)
    await request(app).get('/poll').set('Cookie', sent).expect(200, 'true')
    expect(await client.pttl(key)).toBeLessThanOrEqual(10_000)
    await request(app).get('/change').set('Cookie', sent).expect(200)
    expect(await client.pttl(key)).toBeGreaterThan(40_000)
    await client.pexpire(key, 10_000)
    await request(app).get('/').set('Cookie', sent).expect(200)
    expect(await client.pttl(key)).toBeGreaterThan(40_000)
  })
})

describe('a `ttl` function that reads the cookie', () => {
  const ttl: ExactRedisStoreOptions['ttl'] = ({ cookie }) => Number(cookie.maxAge) / 1000

  it.each(['hash', 'connect-redis'] as const)(
    'finds its maxAge in a session written as %s',
    async (format) => {
      const store = open({ ttl, format, counters: ['visits'] })
      await create(store, { visits: 1 }, { maxAge: HOUR })
      expect(await pttl()).toBeGreaterThan(HOUR - 60_000)
      await store.update('sid', { add: { visits: 1 } })
      const held = await load(store, 'sid')
      held.seen = true
      await save(held)
      expect(held.visits).toBe(2)
      expect(await pttl()).toBeGreaterThan(HOUR - 60_000)
    },
  )

  it('finds it in a record of connect-redis that an update takes over', async () => {
    const expires = new Date(Date.now() + HOUR)
    await client.set(
      'sess:sid',
      JSON.stringify({ cookie: { originalMaxAge: HOUR, expires }, visits: 1 }),
      'EX',
      3_600,
    )
    const store = open({ ttl, counters: ['visits'] })
    expect(await store.update('sid', { add: { visits: 1 } })).toMatchObject({ visits: 2 })
    expect(await pttl()).toBeGreaterThan(HOUR - 60_000)
  })
})

it.each(['hash', 'connect-redis'] as const)(
  'a time larger than Redis takes is the largest that it takes, as %s',
  async (format) => {
    const store = open({ ttl: () => 1e16, format, counters: ['visits'] })
    await create(store, { visits: 1 })
    await store.update('sid', { add: { visits: 1 } })
    expect(await pttl()).toBeGreaterThan(1e14)
  },
)
