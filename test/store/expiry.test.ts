import express from 'express'
import session, { type SessionData } from 'express-session'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { positive } from '../../src/store/expiry.js'
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
      await client.pexpire('sess:sid', 1_000)
      await use(store, held)
      expect(await pttl()).toBeGreaterThan(99_000)
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
    expect(await client.pttl(key)).toBeGreaterThan(49_000)
    await client.pexpire(key, 10_000)
    await request(app).get('/').set('Cookie', sent).expect(200)
    expect(await client.pttl(key)).toBeGreaterThan(49_000)
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
