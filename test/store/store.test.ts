import type { SessionData } from 'express-session'
import { Redis } from 'ioredis'
import { describe, expect, it, vi } from 'vitest'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { RedisServer } from '../support/redis-server.js'
import { useRedis } from '../support/use-redis.js'
import { load, newSession } from './requests.js'

const { server, client } = await useRedis('--appendonly', 'yes', '--repl-diskless-sync-delay', '0')

const open = (options: Partial<ExactRedisStoreOptions> = {}) => new ExactRedisStore({ client, ...options })
const data = (contents: object) => contents as unknown as SessionData
const cookie = { originalMaxAge: null, expires: null }
const pttl = () => client.pttl('sess:sid')
describe('the lifecycle that users of connect-redis know', () => {
  it('stores, reads, lists, counts, touches, destroys and clears', async () => {
    const store = open({ prefix: 'app:', ttl: 60, scanCount: 1 })
    expect(await store.get('a')).toBeNull()
    const session = data({ cookie, foo: 'bar', list: [], map: {} })
    await store.set('a', session)
    expect(await client.exists('app:a')).toBe(1)
    expect(await store.get('a')).toEqual(session)
    expect(await client.ttl('app:a')).toBeGreaterThan(50)
    // A plain object replaces what is there.
    await store.set('a', data({ cookie, other: 1 }))
    expect(await store.get('a')).toEqual({ cookie, other: 1 })
    await store.set('b', session)
    expect((await store.ids()).sort()).toEqual(['a', 'b'])
    expect(await store.length()).toBe(2)
    const all = await store.all()
    expect(all.map((found) => (found as unknown as { id: string }).id).sort()).toEqual(['a', 'b'])
    await store.destroy('b')
    await store.destroy('b')
    expect(await store.get('b')).toBeNull()
    await store.clear()
    expect(await store.length()).toBe(0)
    expect(await store.all()).toEqual([])
    await store.clear()
  })

  it('takes callbacks as well as promises', async () => {
    const store = open()
    const called = <T>(operation: (done: (error?: unknown, result?: T) => void) => unknown) =>
      new Promise<T | undefined>((resolve, reject) => {
        operation((error, result) => (error ? reject(error) : resolve(result)))
      })
    const session = data({ cookie, foo: 'bar' })
    await called((done) => store.set('sid', session, done))
    expect(await called((done) => store.get('sid', done))).toEqual(session)
    await called((done) => store.touch('sid', session, done))
    expect(await called((done) => store.ids(done))).toEqual(['sid'])
    expect(await called((done) => store.length(done))).toBe(1)
    expect(await called((done) => store.all(done))).toHaveLength(1)
    await called((done) => store.destroy('sid', done))
    await called((done) => store.clear(done))
    expect(await called((done) => store.get('sid', done))).toBeNull()
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['an empty text', ''],
    ['a number', 1],
    ['an object', {}],
  ])('has no session without an id: %s', async (_what, id) => {
    const store = open()
    const [sid, changed] = [id as string, data({ cookie })]
    expect(await store.get(sid)).toBeNull()
    for (const operation of [
      () => store.set(sid, changed),
      () => store.touch(sid, changed),
      () => store.destroy(sid),
      () => store.update(sid, {}),
      () => store.commit({ id: sid, ...changed } as never),
    ])
      await expect(operation()).rejects.toThrow(/expected the id of a session, found/)
    expect(await client.dbsize()).toBe(0)
  })

  it.each([undefined, null, 1, { visits: 1 }])('commits no object without an id: %j', async (wrong) => {
    await expect(open().commit(wrong as never)).rejects.toThrow('commit: expected the id of a session')
    expect(await client.dbsize()).toBe(0)
  })

  it('finds its sessions beside those of others, whatever its prefix', async () => {
    for (const prefix of ['a*[b]?:', '{app}sess:', 'sess:']) {
      const store = open({ prefix })
      await client.set('other', '1')
      await client.set(`${prefix.slice(0, 3)}other`, '1')
      const session = newSession(store, 'one')
      await store.commit(session, { idempotencyKey: 'k' })
      expect(await store.ids()).toEqual(['one'])
      await store.clear()
      expect(await store.length()).toBe(0)
    }
  })
})

describe('a life', () => {
  it("is the cookie's in milliseconds, else the option's, number or function", async () => {
    await open({ ttl: 1_000 }).set('sid', data({ cookie: { expires: new Date(Date.now() + 90_500) } }))
    expect(await pttl()).toBeGreaterThan(60_000)
    expect(await pttl()).toBeLessThanOrEqual(90_500)
    await open({ ttl: 1_000 }).set('sid', data({ cookie }))
    expect(await pttl()).toBeGreaterThan(900_000)
    expect(await pttl()).toBeLessThanOrEqual(1_000_000)
    await open({ ttl: (session) => (session as unknown as { n: number }).n }).set(
      'sid',
      data({ cookie, n: 70 }),
    )
    expect(await pttl()).toBeLessThanOrEqual(70_000)
    expect(await pttl()).toBeGreaterThan(50_000)
  })

  it.each([
    ['past', Date.now() - 1],
    ['not a number', Number.NaN],
  ])('that is %s ends the session', async (_what, time) => {
    const store = open()
    await store.set('sid', data({ cookie }))
    await store.set('sid', data({ cookie: { expires: new Date(time) } }))
    expect(await client.exists('sess:sid')).toBe(0)
    await store.set('sid', data({ cookie }))
    await store.touch('sid', data({ cookie: { expires: new Date(time) } }))
    expect(await client.exists('sess:sid')).toBe(0)
  })

  it.each([
    ['a promise', Promise.resolve(60), 'found a promise'],
    ['no number', Number.NaN, 'found NaN'],
    ['no end', Number.POSITIVE_INFINITY, 'found Infinity'],
    ['nothing', undefined, 'found undefined'],
    ['null', null, 'found object'],
    ['a BigInt', 60n, 'found bigint'],
    ['a text', 'long', 'found string'],
  ])('that a function does not give in seconds is an error, not the end: %s', async (_what, ttl, message) => {
    await open().set('sid', data({ cookie }))
    const store = open({ ttl: () => ttl as number })
    for (const change of [store.set('sid', data({ cookie })), store.touch('sid', data({ cookie }))]) {
      await expect(change).rejects.toThrow(TypeError)
      await expect(change).rejects.toThrow(
        `ttl: expected the function to return seconds, a number, ${message}`,
      )
    }
    expect(await client.exists('sess:sid')).toBe(1)
  })

  it('that a function gives may be a text, and may be over', async () => {
    await open({ ttl: () => '60' as never }).set('sid', data({ cookie }))
    expect(await client.pttl('sess:sid')).toBeGreaterThan(50_000)
    await open({ ttl: () => -1 }).set('sid', data({ cookie }))
    expect(await client.exists('sess:sid')).toBe(0)
  })

  it('is extended by a touch; all() shows what was stored, get() what is', async () => {
    const store = open()
    const expires = new Date(Date.now() + 50_000).toISOString()
    await store.set('sid', data({ cookie: { originalMaxAge: 50_000, expires } }))
    await store.touch(
      'sid',
      data({ cookie: { originalMaxAge: 900_000, expires: new Date(Date.now() + 900_000) } }),
    )
    expect(await pttl()).toBeGreaterThan(800_000)
    const [stored] = await store.all()
    expect(stored?.cookie.expires).toBe(expires)
    await client.hdel('sess:sid', '@ttl')
    const found = await store.get('sid')
    expect(Date.parse(String(found?.cookie.expires))).toBeGreaterThan(Date.now() + 800_000)
  })

  it("is extended by a read, by the session's own measure, unless touching is off", async () => {
    for (const [disableTouch, least, most] of [
      [false, 150_000, 200_000],
      [true, 1, 100_000],
    ] as const) {
      const store = open({ disableTouch })
      const session = newSession(store, 'sid', { maxAge: 200_000 })
      await store.commit(session)
      await client.pexpire('sess:sid', 100_000)
      await store.get('sid')
      expect(await pttl()).toBeGreaterThanOrEqual(least)
      expect(await pttl()).toBeLessThanOrEqual(most)
      await store.touch('sid', data({ cookie: session.cookie }))
      await store.clear()
    }
  })

  /** @returns how long it was then (by performance.now()), at least: however long ago that is. */
  const lifeAt = async (then: number) => (await pttl()) + performance.now() - then

  it('of 20 s is whole again after a slow handler', async () => {
    const store = open({ counters: ['visits'] })
    await store.commit(newSession(store, 'sid', { maxAge: 20_000 }))
    const session = await load(store, 'sid')
    await client.pexpire('sess:sid', 10_000)
    const then = performance.now()
    session.touch()
    session.visits = 1
    await store.commit(session)
    expect(await lifeAt(then)).toBeGreaterThan(19_900)
  })

  it('of 20 s is whole again after a commit by a client whose clock is a second behind', async () => {
    const store = open({ counters: ['visits'] })
    await store.commit(Object.assign(newSession(store, 'sid', { maxAge: 20_000 }), { visits: 0 }))
    const session = await load(store, 'sid')
    const [mark = '', text = ''] =
      Object.entries(await client.hgetall('sess:sid')).find(([name]) => name.startsWith('@w')) ?? []
    const [seconds] = (await client.call('TIME')) as [string]
    await client.hset('sess:sid', mark, text.replace(/^(\d+) \d+/, `$1 ${Number(seconds) + 1}`))
    await client.pexpire('sess:sid', 10_000)
    const then = performance.now()
    session.visits += 1
    await store.commit(session)
    expect(await lifeAt(then)).toBeGreaterThan(19_900)
  })

  it('changes with maxAge, for the reads to come', async () => {
    const store = open()
    const session = newSession(store, 'sid', { maxAge: 20_000 })
    await store.commit(session)
    session.cookie.maxAge = 500_000
    await store.commit(session)
    await client.pexpire('sess:sid', 10_000)
    await store.get('sid')
    expect(await pttl()).toBeGreaterThan(400_000)
  })
})

describe('round trips', () => {
  it('are one for a new session, one for a read, two for a visit, three for a new id', async () => {
    const store = open({ counters: ['visits'] })
    const session = newSession(store, 'warm')
    await store.commit(session)
    await load(store, 'warm')
    const count = async (visit: () => Promise<unknown>) => {
      const sent = vi.spyOn(client, 'sendCommand')
      await visit()
      // What tells Redis a script's text is of its first use alone.
      const names = sent.mock.calls.map(([{ name }]) => name).filter((name) => name !== 'eval')
      sent.mockRestore()
      return names.length
    }
    /** What express-session does at the end of a response; it must be done within the call. */
    const end = (ended: typeof session) => {
      let within = 0
      store.set(ended.id, ended, () => {
        within += 1
      })
      store.touch(ended.id, ended, () => {
        within += 1
      })
      expect(within).toBe(2)
    }
    expect(
      await count(async () => {
        const made = newSession(store, 'sid')
        made.visits = 1
        await store.commit(made)
        end(made)
      }),
    ).toBe(1)
    expect(await count(async () => end(await load(store, 'sid')))).toBe(1)
    expect(
      await count(async () => {
        const found = await load(store, 'sid')
        found.visits += 1
        await store.commit(found)
        end(found)
      }),
    ).toBe(2)
    expect(
      await count(async () => {
        const old = await load(store, 'sid')
        store.generate = (req) => {
          req.session = newSession(store, 'new')
        }
        const { req } = old as unknown as { req: { session: typeof old } }
        await new Promise((resolve) => old.regenerate(resolve))
        req.session.visits = old.visits
        await store.commit(req.session)
        end(req.session)
      }),
    ).toBe(3)
  })
})

describe('durability', () => {
  it('waits for replicas, and says when too few confirm', async () => {
    const replica = await RedisServer.start('--replicaof', '127.0.0.1', `${server.port}`)
    try {
      await expect.poll(() => client.info('replication')).toContain('state=online')
      const own = client.duplicate()
      const store = open({ client: own, durability: { replicas: 1 }, deadlineMs: 2_000 })
      const sessions = Array.from({ length: 20 }, (_, i) => newSession(store, `sid ${i}`))
      await Promise.all(sessions.map((session) => store.commit(session)))
      const copy = new Redis(replica.port, '127.0.0.1')
      expect(await copy.dbsize()).toBe(20)
      copy.disconnect()
      replica.freeze()
      const late = await load(store, 'sid 0')
      late.visits = 1
      await expect(store.commit(late)).rejects.toMatchObject({
        code: 'ERR_STORE_TIMEOUT',
        cause: { message: expect.stringContaining('confirmed by 0 of 1') },
      })
      // Reads have a connection of their own.
      expect(await store.get('sid 1')).not.toBeNull()
      replica.thaw()
      await store.destroy('sid 1')
      own.disconnect()
    } finally {
      await replica.stop()
    }
  })

  it('on disk is confirmed, or refused at the start by a server without WAITAOF', async () => {
    const own = client.duplicate()
    const store = open({ client: own, durability: 'disk' })
    const [major, minor] =
      /redis_version:(\d+)\.(\d+)/
        .exec(await client.info('server'))
        ?.slice(1)
        .map(Number) ?? []
    if (Number(major) + Number(minor) / 10 >= 7.2) {
      await store.check()
      await store.commit(newSession(store, 'sid'))
    } else {
      await expect(store.check()).rejects.toThrow(/needs WAITAOF/)
    }
    own.disconnect()
  })

  it('is refused where it makes no sense', () => {
    expect(() => open({ durability: { replicas: 0 } })).toThrow(/whole number from 1/)
  })
})
