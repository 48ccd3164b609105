import { rmSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { RedisServer } from '../support/redis-server.js'
import { useRedis } from '../support/use-redis.js'
import { type AnySession, load, newSession } from './requests.js'

const { client } = await useRedis()
afterEach(async () => {
  await client.config('SET', 'min-replicas-to-write', '0')
  await client.config('SET', 'maxmemory', '0')
  await client.replicaof('NO', 'ONE')
})

describe('a session is read and touched, unextended, while Redis refuses writes:', () => {
  it.each([
    ['NOREPLICAS', () => client.config('SET', 'min-replicas-to-write', '1')],
    ['READONLY', () => client.replicaof('127.0.0.1', '1')],
  ])('%s', async (reason, refuse) => {
    const store = new ExactRedisStore({ client, counters: ['visits'], deadlineMs: 600_000 })
    await store.commit(
      Object.assign(newSession(store, 'sid', { maxAge: 60_000 }), { visits: 1 }) as AnySession,
    )
    const before = await load(store, 'sid')
    await client.pexpire('sess:sid', 50_000)
    const reasons: string[] = []
    store.on('unextended', (why) => reasons.push(why))
    await refuse()
    const found = await load(store, 'sid')
    expect(found.visits).toBe(1)
    expect(Number(found.cookie.expires)).toBeLessThanOrEqual(Date.now() + 50_000)
    expect(reasons).toEqual([expect.stringContaining(reason)])
    // What express-session does at the end of the response: nothing is left to do, for it was tried a moment ago.
    let ended = 0
    store.touch('sid', found, () => {
      ended += 1
    })
    expect(ended).toBe(1)
    // One that was loaded while all was well.
    await store.touch('sid', { ...before } as AnySession)
    expect(reasons).toHaveLength(2)
    expect(await client.pttl('sess:sid')).toBeLessThanOrEqual(50_000)
  })

  it('OOM: extending takes no memory', async () => {
    const store = new ExactRedisStore({ client })
    await store.commit(newSession(store, 'sid', { maxAge: 60_000 }))
    await client.pexpire('sess:sid', 50_000)
    await client.config('SET', 'maxmemory', '1')
    await load(store, 'sid')
    expect(await client.pttl('sess:sid')).toBeGreaterThan(50_000)
  })

  it('MISCONF: it could not write its snapshot', async () => {
    const own = await RedisServer.start('--save', '3600 1')
    const direct = new Redis(own.port, '127.0.0.1')
    try {
      const store = new ExactRedisStore({ client: direct })
      await store.commit(newSession(store, 'sid', { maxAge: 60_000 }))
      await direct.pexpire('sess:sid', 50_000)
      // A folder that is gone.
      rmSync(own.folder, { recursive: true })
      await direct.bgsave()
      await expect.poll(() => direct.info('persistence')).toContain('rdb_last_bgsave_status:err')
      const reasons: string[] = []
      store.on('unextended', (why) => reasons.push(why))
      expect(await store.get('sid')).not.toBeNull()
      expect(reasons).toEqual([expect.stringContaining('MISCONF')])
    } finally {
      direct.disconnect()
      await own.stop()
    }
  })

  it('is not held up by a server that only reads: a commit still is refused in time', async () => {
    const patient = new ExactRedisStore({ client })
    await patient.commit(newSession(patient, 'sid'))
    const store = new ExactRedisStore({ client, deadlineMs: 1_000 })
    const held = await load(store, 'sid')
    await client.config('SET', 'min-replicas-to-write', '1')
    held.name = 'ada'
    await expect(store.commit(held)).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
  })
})
