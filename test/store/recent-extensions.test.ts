import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { RecentExtensions } from '../../src/store/recent-extensions.js'
import { useRedis } from '../support/use-redis.js'
import { load, newSession } from './requests.js'

const { client } = await useRedis()
const HOUR = 3_600_000
const pttl = () => client.pttl('sess:sid')

/** @returns how often a script and a plain command loaded a session while this was done. */
async function loadsOf(work: () => Promise<unknown>) {
  await client.config('RESETSTAT')
  await work()
  const stats = await client.info('commandstats')
  const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  return { scripts: calls('evalsha'), plain: calls('hgetall') - calls('evalsha') }
}

async function laterBy<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const { now } = performance
  performance.now = () => now.call(performance) + ms
  try {
    return await work()
  } finally {
    performance.now = now
  }
}

/** A session of an hour that was loaded, and so extended, by this store. */
async function open() {
  const store = new ExactRedisStore({ client, counters: ['visits'] })
  const session = newSession(store, 'sid', { maxAge: HOUR })
  session.visits = 1
  await client.del('sess:sid')
  await store.commit(session)
  await load(store, 'sid')
  return store
}

describe('a session that was extended a moment ago', () => {
  it('is loaded by a plain command, and looks as it does otherwise', async () => {
    const store = await open()
    const loads = await loadsOf(async () => {
      const found = await load(store, 'sid')
      expect(found.visits).toBe(1)
      expect(found.cookie.maxAge).toBeGreaterThan(HOUR * 0.99)
      expect(found.cookie.maxAge).toBeLessThanOrEqual(HOUR)
      // Nothing is left to do at the end of the response.
      let ended = false
      store.touch('sid', found, () => {
        ended = true
      })
      expect(ended).toBe(true)
    })
    expect(loads).toEqual({ scripts: 0, plain: 1 })
  })

  it('shows how much is left of its life, not how much there was', async () => {
    const store = await open()
    const found = await laterBy(20_000, () => load(store, 'sid'))
    expect(found.cookie.maxAge).toBeLessThanOrEqual(HOUR - 20_000)
    expect(found.cookie.maxAge).toBeGreaterThan(HOUR - 30_000)
  })

  it('is extended again within a hundredth of its life', async () => {
    const store = await open()
    await client.pexpire('sess:sid', HOUR - 36_000)
    await laterBy(36_000, () => load(store, 'sid'))
    expect(await pttl()).toBeGreaterThan(HOUR - 36_000)
  })

  it('expires as another has said since', async () => {
    const [store, other] = [await open(), new ExactRedisStore({ client })]
    const longer = await load(other, 'sid')
    longer.cookie.maxAge = 2 * HOUR
    await other.commit(longer)
    await client.pexpire('sess:sid', HOUR)
    expect((await load(store, 'sid')).cookie.originalMaxAge).toBe(2 * HOUR)
    expect(await pttl()).toBeGreaterThan(HOUR)
    const ending = await load(other, 'sid')
    Object.assign(ending.cookie, { _expires: new Date(Date.now() + 60_000), originalMaxAge: null })
    await other.commit(ending)
    expect(Number((await load(store, 'sid')).cookie.expires)).toBeLessThanOrEqual(Date.now() + 60_000)
    expect(await pttl()).toBeLessThanOrEqual(60_000)
  })

  it('is gone when another has ended it, and is a record of connect-redis when one was put there', async () => {
    const store = await open()
    await client.del('sess:sid')
    expect(await store.get('sid')).toBeNull()
    await client.set('sess:sid', '{"cookie":{},"visits":7}', 'EX', 100)
    expect((await load(store, 'sid')).visits).toBe(7)
    await client.del('sess:sid')
    await client.lpush('sess:sid', 'a')
    await expect(store.get('sid')).rejects.toMatchObject({ code: 'ERR_SESSION_FOREIGN' })
    await client.del('sess:sid')
    await client.hset('sess:sid', 'name', '@ttl', '@ttl', HOUR)
    expect(await store.get('sid')).toEqual({})
  })

  it('is remembered by its id, and of thousands the latest', async () => {
    const store = await open()
    const sids = Array.from({ length: 9_000 }, (_, i) => `${i}`)
    await Promise.all(sids.map((sid) => client.hset(`sess:${sid}`, ':a', '1', '@ttl', HOUR)))
    await Promise.all(sids.map((sid) => store.get(sid)))
    expect(await loadsOf(() => store.get('8999'))).toEqual({ scripts: 0, plain: 1 })
    expect(await loadsOf(() => store.get('sid'))).toEqual({ scripts: 1, plain: 0 })
  })

  it('is extended by the next load after a crash, which may have lost the extension', async () => {
    const own = client.duplicate()
    const store = new ExactRedisStore({ client: own })
    await store.commit(newSession(store, 'sid', { maxAge: HOUR }))
    await load(store, 'sid')
    await client.pexpire('sess:sid', 60_000)
    await load(store, 'sid')
    expect(await pttl()).toBeLessThanOrEqual(60_000)
    const again = once(own, 'ready')
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await again
    await load(store, 'sid')
    expect(await pttl()).toBeGreaterThan(60_000)
    own.disconnect()
  })

  it('is loaded, though it became a record of connect-redis while a lost read was sent again', async () => {
    const own = client.duplicate()
    const store = new ExactRedisStore({ client: own })
    await store.set('sid', Object.assign(newSession(store, 'sid'), { visits: 7 }))
    await load(store, 'sid')
    await client.set('sess:sid', '{"cookie":{},"visits":8}', 'EX', 100)
    const call = own.call.bind(own) as (...args: unknown[]) => Promise<unknown>
    let lost = 0
    Reflect.set(own, 'call', (command: string, ...args: unknown[]) => {
      if (command !== 'HGETALL' || lost > 0) return call(command, ...args)
      lost += 1
      return Promise.reject(new Error('Connection is closed.'))
    })
    expect((await load(store, 'sid')).visits).toBe(8)
    expect(lost).toBe(1)
    own.disconnect()
  })

  it('is extended by the next load after a touch that gave it less', async () => {
    const store = await open()
    await store.touch('sid', {
      cookie: { expires: new Date(Date.now() + 60_000), originalMaxAge: 60_000 },
    } as never)
    expect(await pttl()).toBeLessThanOrEqual(60_000)
    await load(store, 'sid')
    expect(await pttl()).toBeGreaterThan(60_000)
  })
})

describe('what was extended a moment ago', () => {
  const at = (ms: number) => ({ ms: HOUR, at: performance.now() - ms, connections: 1 })
  const remembered = (...all: [string, ReturnType<typeof at>][]) => {
    const extensions = new RecentExtensions()
    for (const [sid, extension] of all) extensions.add(sid, extension)
    return extensions
  }

  it('is known for a hundredth of its life, less two seconds', () => {
    const extensions = remembered(['young', at(30_000)], ['old', at(34_001)])
    expect(extensions.of('young', 1)).toMatchObject({ ms: HOUR })
    expect(extensions.of('old', 1)).toBeUndefined()
    expect(extensions.of('another', 1)).toBeUndefined()
  })

  it('is not known after another connection was made', () => {
    expect(remembered(['sid', at(0)]).of('sid', 2)).toBeUndefined()
  })

  it('is forgotten when that is wanted, and after thousands of others', () => {
    const extensions = remembered(['one', at(0)], ['two', at(0)])
    extensions.forget('one')
    expect([extensions.of('one', 1), extensions.of('two', 1)?.ms]).toEqual([undefined, HOUR])
    // As many as are kept, and as many older ones.
    const add = (many: number) => {
      for (let i = 0; i < many; i += 1) extensions.add(`more ${many} ${i}`, at(0))
    }
    add(4_096)
    expect(extensions.of('two', 1)?.ms).toBe(HOUR)
    extensions.forget('two')
    expect(extensions.of('two', 1)).toBeUndefined()
  })

  it('is one of some thousands at most: of those the latest', () => {
    const extensions = new RecentExtensions()
    const isKnown = (i: number) => extensions.of(`${i}`, 1) !== undefined
    for (let i = 1; i <= 2 * 4_096; i += 1) extensions.add(`${i}`, at(0))
    expect([isKnown(1), isKnown(4_096)]).toEqual([true, true])
    extensions.add('one more', at(0))
    expect([isKnown(4_096), isKnown(4_097)]).toEqual([false, true])
  })
})
