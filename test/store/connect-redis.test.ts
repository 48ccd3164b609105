// Moving in from connect-redis, side by side with it, and back: with the real ones, 7 to 10, as they are published.

import { promisify } from 'node:util'
import { RedisStore as RedisStore8 } from 'connect-redis'
import RedisStore7 from 'connect-redis-7'
import { RedisStore as RedisStore9 } from 'connect-redis-9'
import { RedisStore as RedisStore10 } from 'connect-redis-10'
import express from 'express'
import session, { type SessionData, type Store } from 'express-session'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { Redis as Iovalkey } from 'iovalkey'
import { createClient } from 'redis-5'
import { createClient as createClient6 } from 'redis-6'
import request from 'supertest'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type ConvertedSession, ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { RECORD } from '../../src/store/scripts.generated.js'
import { RedisCluster } from '../support/redis-cluster.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { useRedis } from '../support/use-redis.js'
import { type AnySession, load, newSession } from './requests.js'

const { server, client } = await useRedis()
const nodeRedis = createClient({ socket: { host: '127.0.0.1', port: server.port } })
await nodeRedis.connect()
const others: Redis[] = []
afterAll(() => {
  nodeRedis.destroy()
  for (const other of others) other.disconnect()
  for (const close of closing) close()
})

type Make = (options?: object) => Store
const made = (Class: unknown, own: unknown): Make => {
  const Made = Class as new (options: object) => Store
  return (options) => new Made({ client: own, ...options })
}
const USUAL: [string, Make][] = [
  ['connect-redis 7 and ioredis', made(RedisStore7, client)],
  ['connect-redis 8 and ioredis', made(RedisStore8, client)],
  ['connect-redis 8 and node-redis', made(RedisStore8, nodeRedis)],
  ['connect-redis 9 and node-redis', made(RedisStore9, nodeRedis)],
  ['connect-redis 10 and node-redis', made(RedisStore10, nodeRedis)],
]
const usual = made(RedisStore8, client)

/** What the store takes besides ioredis 6. */
const closing: (() => unknown)[] = []
type Client = ExactRedisStoreOptions['client']
const nodeRedisOf = async (create: (options: object) => unknown): Promise<Client> => {
  const made = create({ socket: { host: '127.0.0.1', port: server.port } }) as typeof nodeRedis
  closing.push(() => made.destroy())
  await made.connect()
  return made
}
const iovalkeyOf = async (): Promise<Client> => {
  const made = new Iovalkey(server.port, '127.0.0.1')
  closing.push(() => made.disconnect())
  return made
}
const CLIENTS: [string, () => Promise<Client>][] = [
  ['iovalkey', iovalkeyOf],
  ['node-redis 5', () => nodeRedisOf(createClient)],
  ['node-redis 6', () => nodeRedisOf(createClient6)],
]

type Options = Partial<ExactRedisStoreOptions>
/** An instance of its own: stores on one client share their marks. */
const open = (options: Options = {}) => {
  const own = client.duplicate()
  others.push(own)
  return new ExactRedisStore({
    client: own,
    counters: ['visits'],
    cappedLists: { trail: 20 },
    onGone: 'error',
    ...options,
  })
}
const records = (options: Options = {}) => open({ format: 'connect-redis', ...options })
const create = async (store: ExactRedisStore, content: object = {}, cookie = {}) => {
  const made = Object.assign(newSession(store, 'sid', cookie), content) as AnySession
  await store.commit(made)
  return made
}
const visit = async (store: ExactRedisStore) => {
  const held = await load(store, 'sid')
  held.visits += 1
  await store.commit(held)
  return held.visits
}
const read = (store: Store, sid: string) => promisify(store.get.bind(store))(sid)
const write = (store: Store, data: object) => promisify(store.set.bind(store))('sid', data as SessionData)
const stored = async (store: Store = usual()) => (await read(store, 'sid')) as AnySession
const type = () => client.type('sess:sid')
async function all(store: ExactRedisStore): Promise<ConvertedSession[]> {
  const found: ConvertedSession[] = []
  for await (const one of store.toConnectRedis()) found.push(one)
  return found
}
async function back(store: ExactRedisStore): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {}
  for (const { outcome } of await all(store)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  return outcomes
}
const plain = (data: unknown) => JSON.parse(JSON.stringify(data)) as Record<string, unknown>
const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/' }
const CONTENT = {
  visits: 3,
  trail: ['a', 'b'],
  empty: [],
  map: {},
  deep: { a: [{ b: [[], {}, null, 1.5, -0, 1e21] }] },
  'ключ ☃ "\\': '😀\u2028\u0000',
  since: new Date(0),
  falsy: [0, '', false, null],
}

describe.each(USUAL)('%s', (_name, makeUsual) => {
  it('and this store read what the other wrote, there and back', async () => {
    const [old, exact] = [makeUsual(), open()]
    await write(old, { cookie, ...CONTENT })
    const held = await load(exact, 'sid')
    expect(plain(held)).toEqual(plain({ cookie, ...CONTENT }))
    held.visits += 1
    await exact.commit(held)
    expect(await type()).toBe('hash')
    await client.pexpire('sess:sid', 50_000)
    expect(await back(exact)).toEqual({ written: 1 })
    expect(plain(await stored(old))).toEqual({ ...plain({ cookie, ...CONTENT }), visits: 4 })
    expect(await client.pttl('sess:sid')).toBeGreaterThan(40_000)
    expect(await client.pttl('sess:sid')).toBeLessThanOrEqual(50_000)
    expect(await back(exact)).toEqual({ unchanged: 1 })
  })

  it('shares a session with instances that write its form, for as long as both run', async () => {
    const stores: Store[] = [makeUsual(), records(), makeUsual(), records()]
    const fleet = stores.map(appOn) as [express.Express, ...express.Express[]]
    let sent = ''
    for (let n = 0; n < 12; n += 1) {
      const answer = await request(fleet[n % 4] as express.Express)
        .get('/visit')
        .set('Cookie', sent)
        .expect(200, `${n + 1}`)
      sent = cookieOf(answer) || sent
    }
    // A new id, on each of them, and a log-out for good.
    for (const app of fleet) {
      sent = cookieOf(await request(app).get('/login').set('Cookie', sent).expect(200))
      for (const other of fleet) await request(other).get('/user').set('Cookie', sent).expect(200, '"ada"')
    }
    for (const [n, app] of fleet.entries()) {
      sent = cookieOf(await request(fleet[(n + 1) % 4] as express.Express).get('/visit'))
      await request(app).get('/logout').set('Cookie', sent).expect(200)
      for (const other of fleet) await request(other).get('/user').set('Cookie', sent).expect(200, 'null')
    }
  })
})

const cookieOf = (answer: request.Response) => String(answer.get('Set-Cookie')?.[0] ?? '').split(';')[0] ?? ''

function appOn(store: Store): express.Express {
  const app = express()
  app.use(
    session({ store, secret: 'test', resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } }),
  )
  app.get('/visit', (req, res, next) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    req.session.save((error) => (error ? next(error) : res.json(req.session.visits)))
  })
  app.get('/login', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error)
      Object.assign(req.session, { user: 'ada' })
      req.session.save((failed) => (failed ? next(failed) : res.json('in')))
    })
  })
  app.get('/user', (req, res) => {
    res.json((req.session as unknown as { user?: string }).user ?? null)
  })
  app.get('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.json('out')))
  })
  return app
}

describe('a rolling rollout, instance by instance, under visitors who come to any of them', () => {
  it.each(USUAL)('from %s, and back to it, loses no session and no visit', async (_name, makeUsual) => {
    const fleet = [1, 2, 3, 4].map(() => appOn(makeUsual()))
    let visits = 0
    let rolling = true
    const browser = async () => {
      let sent = ''
      for (let count = 1; rolling; count += 1) {
        const instance = fleet[Math.floor(Math.random() * fleet.length)] as express.Express
        const answer = await request(instance).get('/visit').set('Cookie', sent)
        expect({ status: answer.status, count: answer.body }).toEqual({ status: 200, count })
        sent = cookieOf(answer) || sent
        visits += 1
      }
    }
    const browsers = Promise.all(Array.from({ length: 6 }, browser))
    const roll = async (make: () => Store) => {
      for (const index of fleet.keys()) {
        const before = visits
        await until(() => visits > before + 10)
        fleet[index] = appOn(make())
      }
    }
    try {
      await roll(() => records())
      await roll(() => open())
      const keys = await client.keys('sess:*')
      await roll(() => records())
      expect(keys).toHaveLength(6)
      await back(open())
      await roll(makeUsual)
    } finally {
      rolling = false
      await browsers
    }
    expect(visits).toBeGreaterThan(150)
    for (const key of await client.keys('sess:*')) expect(await client.type(key)).toBe('string')
  })
})

describe.each(CLIENTS)('with a client of %s', (_name, connect) => {
  it('commits overlap and are merged, and sessions are written back', async () => {
    const [a, b] = [records({ client: await connect() }), records({ client: await connect() })]
    await create(a, { visits: 0 })
    await Promise.all(Array.from({ length: 30 }, (_, n) => visit(n % 2 ? a : b)))
    expect(await stored()).toMatchObject({ visits: 30 })
    const hashes = open({ client: await connect() })
    expect(await visit(hashes)).toBe(31)
    expect(await back(hashes)).toEqual({ written: 1 })
    expect(await stored()).toMatchObject({ visits: 31 })
  })
})

it('is read by connect-redis only in its own form: a hash is an error', async () => {
  await create(open(), { visits: 1 })
  await expect(stored()).rejects.toThrow('WRONGTYPE')
  const sent = cookieOf(await request(appOn(open())).get('/visit'))
  await request(appOn(usual())).get('/visit').set('Cookie', sent).expect(500)
})

it('there and back: any content is what it was', async () => {
  const [old, exact] = [usual(), open()]
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (content) => {
      const data = plain({ ...content, cookie })
      await write(old, data)
      await exact.set('sid', { ...data, visits: 1 } as never)
      expect(await back(exact)).toEqual({ written: 1 })
      expect(await stored(old)).toEqual({ ...data, visits: 1 })
    }),
    { numRuns: 100, examples: [[{ __proto__: 1 } as never]] },
  )
})

describe("instances that write connect-redis' form", () => {
  it('lose no update to each other: counters, lists, keys set and deleted', async () => {
    const [a, b] = [records(), records()]
    await create(a, { visits: 0, gone: 1 })
    const requests = Array.from({ length: 60 }, async (_, n) => {
      const store = n % 2 ? a : b
      const held = await load(store, 'sid')
      held.visits += 1
      held.trail = [...(held.trail ?? []), `${n}`] as never
      held[`key ${n}`] = n
      delete held.gone
      await store.commit(held)
      return held.visits
    })
    const numbers = await Promise.all(requests)
    expect(numbers.sort((x, y) => x - y)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1))
    const found = await stored()
    expect(found).toMatchObject({ visits: 60, 'key 0': 0, 'key 59': 59 })
    expect(found.trail).toHaveLength(20)
    expect(found).not.toHaveProperty('gone')
    expect(await type()).toBe('string')
  })

  it('merge with what connect-redis wrote, which replaces the session as it always has', async () => {
    const store = records()
    await create(store, { visits: 1 })
    const held = await load(store, 'sid')
    await write(usual(), { cookie, visits: 20, user: 'ada' })
    held.visits += 1
    await store.commit(held)
    expect(held.visits).toBe(21)
    expect(await stored()).toMatchObject({ visits: 21, user: 'ada' })
  })

  it('bring no session back that was destroyed, by either', async () => {
    const store = records()
    for (const end of [() => client.del('sess:sid'), () => records().destroy('sid')]) {
      await create(store, { visits: 1 })
      const held = await load(store, 'sid')
      await end()
      held.visits += 1
      await expect(store.commit(held)).rejects.toMatchObject({ code: 'ERR_SESSION_GONE' })
      expect(await store.update('sid', { add: { visits: 1 } })).toBeNull()
      expect(await type()).toBe('none')
    }
  })

  it('share sessions with instances that write hashes: the second step of a rollout, and the first of the way back', async () => {
    const stores = [open(), records(), open(), records()]
    await create(stores[0] as ExactRedisStore, { visits: 0 })
    const visits = Array.from({ length: 80 }, (_, n) => visit(stores[n % 4] as ExactRedisStore))
    const numbers = await Promise.all(visits)
    expect(numbers.sort((x, y) => x - y)).toEqual(Array.from({ length: 80 }, (_, n) => n + 1))
    expect(await open().get('sid')).toMatchObject({ visits: 80 })
    expect(await client.pttl('sess:sid')).toBeGreaterThan(0)
  })

  it('update without a look at the session, and know an idempotency key', async () => {
    const [a, b] = [records(), records()]
    await create(a, { visits: 0, name: 'ada' })
    const add = { add: { visits: 1 }, append: { trail: ['x'] } }
    const once = { idempotencyKey: 'a "click"' }
    expect(await a.update('sid', add, once)).toMatchObject({ visits: 1, trail: ['x'], name: 'ada' })
    expect(await b.update('sid', add)).toMatchObject({ visits: 2 })
    expect(await b.update('sid', add, once)).toMatchObject({ visits: 1 })
    expect(await a.update('sid', add, { keys: ['visits'] })).toEqual({ cookie: expect.anything(), visits: 3 })
    expect(await stored()).toMatchObject({ visits: 3, trail: ['x', 'x', 'x'] })
    await a.destroy('sid')
    expect(await a.length()).toBe(0)
  })

  it("extend a session as its cookie says, whichever request's", async () => {
    const [a, b] = [records(), records()]
    await create(a, { visits: 1 }, { maxAge: 10_000 })
    const slow = await load(a, 'sid')
    const login = await load(b, 'sid')
    login.cookie.maxAge = 90_000
    await b.commit(Object.assign(login, { user: 'ada' }))
    slow.visits += 1
    await a.commit(slow)
    expect(await client.pttl('sess:sid')).toBeGreaterThan(80_000)
    const found = await stored()
    expect(found.cookie.originalMaxAge).toBe(90_000)
    expect(Date.parse(String(found.cookie.expires))).toBeGreaterThan(Date.now() + 80_000)
    // A cookie alone, that is changed by what express-session takes for no change.
    const renewed = await load(a, 'sid')
    renewed.cookie.maxAge = 500_000
    await a.touch('sid', renewed)
    expect((await stored()).cookie.originalMaxAge).toBe(500_000)
    expect(await client.pttl('sess:sid')).toBeGreaterThan(400_000)
    const fixed = await load(b, 'sid')
    const expires = new Date(Date.now() + 30_000)
    fixed.cookie = { ...cookie, expires } as never
    await b.commit(fixed)
    await visit(a)
    expect(await client.pttl('sess:sid')).toBeLessThanOrEqual(30_000)
    expect((await stored()).cookie.expires).toBe(expires.toISOString())
  })

  it('keep an end that a function gives, and replace what they did not load', async () => {
    const store = records({ ttl: ({ n }: SessionData & { n?: number }) => n ?? 50 })
    await create(store, { n: 70 })
    expect(await client.pttl('sess:sid')).toBeLessThanOrEqual(70_000)
    expect(await client.pttl('sess:sid')).toBeGreaterThan(50_000)
    await store.set('sid', { cookie, other: 1 } as never)
    expect(await stored()).toEqual({ cookie, other: 1 })
    expect(await client.pttl('sess:sid')).toBeLessThanOrEqual(50_000)
    await client.del('sess:sid')
    await client.lpush('sess:sid', 'of others')
    await expect(store.update('sid', { add: { visits: 1 } })).rejects.toMatchObject({
      code: 'ERR_SESSION_FOREIGN',
    })
  })

  it('write what a serializer of connect-redis reads', async () => {
    const serializer = {
      stringify: (data: unknown) => `v1:${Buffer.from(JSON.stringify(data)).toString('base64')}`,
      parse: (text: string) => JSON.parse(Buffer.from(text.slice(3), 'base64').toString()),
    }
    const texts = { parseRecord: serializer.parse, stringifyRecord: serializer.stringify }
    const [old, store] = [usual({ serializer }), records(texts)]
    await write(old, { cookie, visits: 1 })
    await visit(store)
    expect(await stored(old)).toMatchObject({ visits: 2 })
    await visit(open(texts))
    expect(await type()).toBe('hash')
    expect(await back(open(texts))).toEqual({ written: 1 })
    expect(await stored(old)).toMatchObject({ visits: 3 })
  })

  it('read what is encrypted, and write plain text', async () => {
    const encryptionKeys = ['a'.repeat(64)]
    await create(open({ encryptionKeys }), { visits: 1, user: 'ada' })
    await visit(records({ encryptionKeys }))
    expect(await stored()).toMatchObject({ visits: 2, user: 'ada' })
    await expect(records().get('sid')).resolves.toMatchObject({ user: 'ada' })
  })
})

describe('on the way back, toConnectRedis', () => {
  it('loses nothing that is committed at the same time, in either form, and ends with all in the old one', async () => {
    const [hashes, rolled] = [open(), records()]
    await create(hashes, { visits: 0 })
    let [converting, written] = [true, 0]
    const conversions = (async () => {
      const own = open({ scanCount: 1 })
      while (converting) written += (await back(own)).written ?? 0
    })()
    let ok = 0
    for (let round = 0; round < 20 || written === 0; round += 1) {
      const visits = Array.from({ length: 10 }, (_, n) => visit(n % 2 ? hashes : rolled))
      await Promise.all(visits)
      ok += visits.length
    }
    converting = false
    await conversions
    await back(hashes)
    expect(await stored()).toMatchObject({ visits: ok })
  })

  it('brings no session back that ends at the same time', async () => {
    const store = open()
    for (let n = 0; n < 50; n += 1) {
      await create(store, { n })
      await Promise.all([back(store), store.destroy('sid')])
      expect(await type()).toBe('none')
    }
  })

  it('shows a cookie that expires when the session does', async () => {
    const store = open()
    await create(store, { visits: 1 }, { maxAge: 60_000 })
    await client.hset(
      'sess:sid',
      ':cookie',
      JSON.stringify({ ...cookie, originalMaxAge: 60_000, expires: new Date(0) }),
    )
    await back(store)
    const { expires } = (await stored()).cookie
    expect(Math.abs(Date.parse(String(expires)) - Date.now() - (await client.pttl('sess:sid')))).toBeLessThan(
      2_000,
    )
  })

  it('decrypts, and says what it can not convert', async () => {
    const encryptionKeys = ['a'.repeat(64)]
    await create(open({ encryptionKeys }), { user: 'ada' })
    const [failed] = await all(open())
    expect(failed).toMatchObject({ id: 'sid', outcome: 'failed', error: { code: 'ERR_SESSION_DECRYPTION' } })
    expect(await back(open({ encryptionKeys }))).toEqual({ written: 1 })
    expect(await stored()).toMatchObject({ user: 'ada' })
    await client.sadd('sess:set', 'x')
    await client.hset('sess:hash', 'data', '{}')
    const outcomes = await all(open())
    expect(outcomes.filter(({ outcome }) => outcome === 'failed').map(({ error }) => error)).toEqual([
      expect.objectContaining({ code: 'ERR_SESSION_FOREIGN' }),
      expect.objectContaining({ code: 'ERR_SESSION_FOREIGN' }),
    ])
  })

  it('stops with its caller, and goes on where it stopped', async () => {
    const store = open({ scanCount: 10 })
    for (let n = 0; n < 300; n += 1) await store.set(`s${n}`, { cookie, n } as never)
    let written = 0
    for await (const _ of store.toConnectRedis()) {
      written += 1
      if (written === 25) break
    }
    const { written: rest = 0, unchanged = 0 } = await back(store)
    expect(rest + unchanged).toBe(300)
    expect(unchanged).toBeGreaterThanOrEqual(25)
    expect(unchanged).toBeLessThan(60)
    expect(await read(usual(), 's299')).toEqual({ cookie, n: 299 })
  })
})

describe('when replies are lost', () => {
  let proxy: TcpProxy
  afterEach(() => proxy.stop())
  const behind = async (options: Options = {}) => {
    proxy = await TcpProxy.start(server.port)
    const own = new Redis(proxy.port, '127.0.0.1', { retryStrategy: () => 10 })
    own.on('error', () => {})
    others.push(own)
    return open({ client: own, ...options })
  }

  it("an instance that writes connect-redis' form counts once", async () => {
    const store = await behind({ format: 'connect-redis' })
    await create(records(), { visits: 0 })
    let replies = 0
    proxy.back = () => {
      replies += 1
      return replies % 7 === 0 ? 'cut' : 'pass'
    }
    let ok = 0
    for (let n = 0; n < 60; n += 1) {
      const held = await load(store, 'sid')
      held.visits += 1
      await store.commit(held)
      ok += 1
    }
    expect(await stored()).toMatchObject({ visits: ok })
  })

  it('and the session is written in the old form before the commit comes again, its outcome is unknown', async () => {
    const store = await behind()
    await create(open(), { visits: 0 })
    const held = await load(store, 'sid')
    let cut = false
    proxy.back = async () => {
      if (cut) return 'pass'
      cut = true
      await until(async () => (await client.hget('sess:sid', ':visits')) === '1')
      await back(open())
      return 'cut'
    }
    held.visits += 1
    await expect(store.commit(held)).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
    expect(await stored()).toMatchObject({ visits: 1 })
  })
})

describe('a commit of a hash that was written in the old form in the meantime', () => {
  it.each([
    [{}, 86_400_000],
    [{ maxAge: 60_000 }, 60_000],
  ])('leaves a session that expires: %o', async (options, most) => {
    const store = open()
    await create(store, { visits: 1 }, options)
    const held = await load(store, 'sid')
    await back(open())
    held.visits += 1
    await store.commit(held)
    expect(await type()).toBe('hash')
    expect(await client.pttl('sess:sid')).toBeGreaterThan(most - 10_000)
    expect(await client.pttl('sess:sid')).toBeLessThanOrEqual(most)
    expect(await client.hget('sess:sid', '@ttl')).toBe(String(most))
  })
})

describe('what is remembered of commits in the old form', () => {
  const KEY = '{sess:sid}:commits'
  const fields = async () => (await client.hkeys(KEY)).sort()
  const expires = () => client.pttl(KEY)
  /** Sends the script as a commit of this client. */
  const send = (name: string, sequence: number, idempotency = '', version = 'any') => {
    const args = [name, sequence, idempotency, version, '{"cookie":{}}', 60_000, '["ok",{}]']
    return client.eval(RECORD.lua, 2, 'sess:sid', KEY, ...args)
  }

  it('is one mark of each client and each idempotency key, for ten minutes', async () => {
    await send('a', 1)
    expect(await fields()).toEqual(['@wa'])
    expect(await expires()).toBeGreaterThan(590_000)
    expect(await expires()).toBeLessThanOrEqual(600_000)
    await send('a', 2, '"k"')
    expect(await fields()).toEqual(['@w"k"', '@wa'])
    expect(await client.hget(KEY, '@wa')).toMatch(/^2 \d{10} \["ok",\{\}\]$/)
  })

  it('is kept for longer by a commit that comes again, whose change a wait for replicas waits for', async () => {
    await send('a', 1, '"k"')
    for (const again of [() => send('a', 1, '"k"'), () => send('b', 1, '"k"')]) {
      await client.pexpire(KEY, 10_000)
      expect(await again()).toEqual(['done', expect.stringMatching(/^\["(ok|dup)",\{\}\]$/)])
      expect(await expires()).toBeGreaterThan(590_000)
    }
  })

  it('refuses what was overtaken by a later commit of its client', async () => {
    await send('a', 10)
    await expect(send('a', 9)).rejects.toThrow('STALE')
    expect(await send('a', 11)).toEqual(['done', '["ok",{}]'])
  })

  it('is taken out when it is old: by a client that comes new, and with an idempotency key', async () => {
    const old = () => client.hset(KEY, '@wold', '1 1000 ["ok",{}]')
    await old()
    await send('a', 1)
    expect(await fields()).toEqual(['@wa'])
    await old()
    await send('a', 2)
    expect(await fields()).toEqual(['@wa', '@wold'])
    await send('a', 3, '"k"')
    expect(await fields()).toEqual(['@w"k"', '@wa'])
  })

  it('is no outcome of a commit without a key', async () => {
    await send('a', 1)
    await client.hset(KEY, '@w', '0 1000 ["ok",{"visits":9}]')
    expect(await send('a', 2)).toEqual(['done', '["ok",{}]'])
  })

  it('a refusal of Redis is no foreign record', async () => {
    await client.call('ACL', 'SETUSER', 'blind', 'on', 'nopass', '~*', '+@all', '-get', '-hgetall')
    const own = client.duplicate({ username: 'blind', password: 'any' })
    others.push(own)
    const store = records({ client: own })
    await expect(store.update('sid', { add: { visits: 1 } })).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
    })
  })
})

describe('in a Cluster', () => {
  it('commits of the old form overlap, wait while their slot moves, and sessions are written back', async () => {
    const cluster = await RedisCluster.start()
    const own = [cluster.connect(), cluster.connect()] as const
    try {
      const options = { client: own[0], deadlineMs: 20_000 }
      const [a, b, hashes] = [records(options), records({ ...options, client: own[1] }), open(options)]
      await create(a, { visits: 0 })
      const visits: Promise<number>[] = []
      await cluster.moveSlot('sess:sid', async () => {
        for (let n = 0; n < 10; n += 1) visits.push(visit(n % 2 ? a : b))
      })
      const numbers = await Promise.all(visits)
      expect(numbers.sort((x, y) => x - y)).toEqual(visits.map((_, n) => n + 1))
      expect(await visit(hashes)).toBe(visits.length + 1)
      expect(await hashes.ids()).toEqual(['sid'])
      expect(await back(hashes)).toEqual({ written: 1 })
      expect(JSON.parse((await own[0].get('sess:sid')) ?? '')).toMatchObject({ visits: visits.length + 1 })
    } finally {
      for (const client of own) client.disconnect()
      await cluster.stop()
    }
  }, 60_000)
})

describe('records of other stores', () => {
  it('are refused in words, unless they are in the form of connect-redis', async () => {
    const store = open()
    // connect-valkey 1
    await client.set('sess:sid', JSON.stringify({ cookie, visits: 1 }), 'EX', 60)
    expect(await visit(store)).toBe(2)
    const foreign = [
      () => client.hset('sess:sid', 'sessionAttr:user', 'x', 'creationTime', '1'),
      () => client.set('sess:sid', 'a:1:{s:4:"user";i:1;}'),
      () => client.set('sess:sid', Buffer.from([0x82, 0xa1, 0xff])),
      () => client.set('sess:sid', '[]'),
      () => client.sadd('sess:sid', 'x'),
    ]
    for (const write of foreign) {
      await client.del('sess:sid')
      await write()
      await expect(store.get('sid')).rejects.toThrow(
        "the session's key holds what neither this store nor connect-redis wrote",
      )
    }
  })
})

describe('idempotency keys of the old form', () => {
  it('are known for the newest 128 only', async () => {
    const store = open({ format: 'connect-redis', counters: ['visits'] })
    await store.set('sid', newSession(store, 'sid', { maxAge: 60_000 }))
    for (let i = 0; i < 140; i += 1)
      await store.update('sid', { add: { visits: 1 } }, { idempotencyKey: `k${i}` })
    expect(await client.hlen('{sess:sid}:commits')).toBeLessThanOrEqual(130)
    const repeated = await store.update('sid', { add: { visits: 1 } }, { idempotencyKey: 'k139' })
    expect(repeated?.visits).toBe(140)
  })

  it('are not those of a later session with the same id', async () => {
    const store = open({ format: 'connect-redis', counters: ['visits'] })
    const visit = () => store.update('sid', { add: { visits: 1 } }, { idempotencyKey: 'key' })
    for (let life = 0; life < 2; life += 1) {
      await store.set('sid', newSession(store, 'sid', { maxAge: 60_000 }))
      expect((await visit())?.visits).toBe(1)
      expect((await visit())?.visits).toBe(1)
      expect((await load(store, 'sid')).visits).toBe(1)
      await store.destroy('sid')
    }
  })

  it('says so if parseRecord returns a promise', async () => {
    await client.set('sess:sid', '{"cookie":{}}', 'EX', 100)
    const store = open({ parseRecord: (text) => Promise.resolve(JSON.parse(text)) })
    await expect(store.get('sid')).rejects.toThrow(/parseRecord: .* no promise/)
  })
})
