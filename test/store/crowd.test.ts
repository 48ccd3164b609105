import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'
import { type AnySession, load, newSession } from './requests.js'

const { server, client } = await useRedis()
const open = (options: object = {}) => new ExactRedisStore({ client, counters: ['visits'], ...options })

describe('among what others have in the same Redis', () => {
  it('finds its sessions, one SCAN after the other, and leaves out what is none', async () => {
    const store = open({ scanCount: 10 })
    const foreign = client.pipeline()
    for (let i = 0; i < 2_000; i += 1) foreign.set(`other:${i}`, '1')
    await foreign.exec()
    const sids = Array.from({ length: 25 }, (_, i) => `sid${i}`)
    for (const sid of sids) await store.commit(newSession(store, sid))
    await client.sadd('sess:set', 'a')
    await client.hset('sess:hash', 'theirs', '1')
    await client.set('sess:text', 'not JSON')
    await client.set('sess:list', '[1]')
    await client.set('sess:null', 'null')
    expect((await store.all()).map((found) => (found as unknown as { id: string }).id).sort()).toEqual(
      sids.sort(),
    )
    const found: string[] = []
    for await (const sid of store.eachId()) found.push(sid)
    await client.set('sess:old', JSON.stringify({ cookie: {}, visits: 1 }))
    sids.push('old')
    expect(found.sort()).toEqual(sids.filter((sid) => sid !== 'old').sort())
    expect((await store.ids()).sort()).toEqual(sids.sort())
    expect(await store.length()).toBe(26)
    for (const foreignId of ['set', 'hash', 'text', 'list', 'null'])
      await expect(store.get(foreignId)).rejects.toMatchObject({ code: 'ERR_SESSION_FOREIGN' })
    await store.clear()
    expect(await store.length()).toBe(0)
    // What others have under the prefix stays.
    expect(await client.dbsize()).toBe(2_005)
  })

  it('stops scanning when its caller stops', async () => {
    const store = open({ scanCount: 1 })
    for (let i = 0; i < 50; i += 1) await store.commit(newSession(store, `sid${i}`))
    await client.config('RESETSTAT')
    for await (const sid of store.eachId()) {
      expect(sid).toMatch(/^sid/)
      break
    }
    const scans = Number(/cmdstat_scan:calls=(\d+)/.exec(await client.info('commandstats'))?.[1])
    expect(scans).toBeLessThan(25)
  })
})

it.each([
  ['hash', 'sess:sid'],
  ['connect-redis', '{sess:sid}:commits'],
])('a store for each request leaves one mark in a session: %s', async (format, marks) => {
  await open({ format }).commit(
    Object.assign(newSession(open({ format }), 'sid'), { visits: 0 }) as AnySession,
  )
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      const store = open({ format })
      const session = await load(store, 'sid')
      session.visits += 1
      await store.commit(session)
    }),
  )
  expect(await open({ format }).get('sid')).toMatchObject({ visits: 100 })
  expect((await client.hkeys(marks)).filter((name) => name.startsWith('@w'))).toHaveLength(1)
})

it('a Redis user who may not PING finds its sessions', async () => {
  await client.acl('SETUSER', 'plain', 'on', '>secret', '~*', '+@all', '-ping')
  const plain = new Redis(server.port, '127.0.0.1', {
    username: 'plain',
    password: 'secret',
    enableReadyCheck: false,
  })
  const store = open({ client: plain })
  await store.commit(newSession(store, 'sid'))
  expect(await store.ids()).toEqual(['sid'])
  plain.disconnect()
})

it('a client in subscriber mode is named at once', async () => {
  const subscriber = new Redis(server.port, '127.0.0.1', { protocol: 2 })
  await subscriber.subscribe('news')
  const store = open({ client: subscriber, deadlineMs: 60_000 })
  await expect(store.get('sid')).rejects.toThrow(/subscriber mode/)
  subscriber.disconnect()
})

it('a client in a transaction is named at once: nothing is acknowledged that may never be done', async () => {
  const store = open()
  await store.commit(newSession(store, 'sid'))
  const busy = new Redis(server.port)
  const other = open({ client: busy })
  await busy.multi({ pipeline: false })
  for (const operation of [() => other.get('sid'), () => other.destroy('sid')]) {
    await expect(operation()).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
      message: expect.stringContaining('MULTI'),
    })
  }
  busy.disconnect()
  expect(await store.length()).toBe(1)
})
