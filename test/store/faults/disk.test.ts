import { execFileSync } from 'node:child_process'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import type { RedisSettings } from '../../../src/counter/config/redis-settings.js'
import { type DurabilityOption, ExactRedisStore } from '../../../src/store/index.js'
import { CountedVisits } from '../../support/counted-visits.js'
import { freePort } from '../../support/free-port.js'
import { InstanceProcess } from '../../support/instance.js'
import { RedisServer, redisProgram } from '../../support/redis-server.js'
import { until } from '../../support/until.js'
import { newSession } from '../requests.js'

const [, major, minor] = /v=(\d+)\.(\d+)/.exec(String(execFileSync(redisProgram(), ['--version']))) ?? []
const WAITS_FOR_DISK = Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 2)
const NEEDS = /^redissessions: REDIS_DURABILITY: disk needs [^\n]*appendonly yes[^\n]*\n$/

describe('an instance with REDIS_DURABILITY=disk', () => {
  const environment = (port: number) => ({
    REDIS_URL: `redis://127.0.0.1:${port}`,
    REDIS_DURABILITY: 'disk',
  })

  it('refuses a Redis that cannot wait for its disk: exit code 78 and one line', async () => {
    const redis = await RedisServer.start('--appendonly', 'no')
    try {
      const { code, errors } = await InstanceProcess.run(environment(redis.port))
      expect(code).toBe(78)
      expect(errors).toMatch(NEEDS)
    } finally {
      await redis.stop()
    }
  })

  it('is not ready, and refuses visits, until Redis is there and can', async () => {
    const port = await freePort()
    const instance = await InstanceProcess.start(environment(port))
    expect((await fetch(`${instance.url}/readyz`)).status).toBe(503)
    const redis = await RedisServer.startOn(port, '--appendonly', 'yes')
    try {
      if (WAITS_FOR_DISK) {
        await until(async () => (await fetch(`${instance.url}/readyz`)).ok)
        expect((await fetch(instance.url)).status).toBe(200)
      } else {
        expect(await instance.exited()).toBe(78)
        expect(instance.errors).toMatch(NEEDS)
      }
    } finally {
      await instance.end('SIGKILL')
      await redis.stop()
    }
  })
})

describe('Redis with an append-only file, killed under load,', () => {
  let redis: RedisServer
  let client: Redis
  let visits: CountedVisits

  afterEach(async () => {
    await visits.end()
    client.disconnect()
    await redis.stop()
  })
  const begin = async (durability: DurabilityOption, fsync: 'everysec' | 'always' = 'everysec') => {
    redis = await RedisServer.start('--appendonly', 'yes', '--appendfsync', fsync)
    client = new Redis(redis.port, '127.0.0.1', { retryStrategy: () => 50 }).on('error', () => {})
    const settings: RedisSettings = {
      mode: 'standalone',
      nodes: [{ host: '127.0.0.1', port: redis.port }],
      sentinelName: '',
      db: 0,
    }
    visits = new CountedVisits(settings, durability)
    visits.start()
    await visits.more(10)
  }
  const end = async (mode: string, fault: string) => {
    const outcome = await visits.stop(client)
    process.stdout.write(`${mode} | ${fault} | ${JSON.stringify(outcome)}\n`)
    return outcome
  }
  const killed = async (rounds = 10) => {
    for (let round = 0; round < rounds; round += 1) {
      await redis.kill()
      await redis.start()
      await visits.more(10)
    }
  }
  /** In the moment when the room runs out Redis acknowledges what it only has in memory. */
  const filled = async () => {
    for (let round = 0; round < 3; round += 1) {
      redis.fillDisk()
      await until(async () => (await client.info('persistence')).includes('aof_last_write_status:err'))
      await redis.kill()
      await redis.start()
      await visits.more(10)
    }
  }
  const KEPT = { lost: 0, doubled: 0, resurrected: 0 }

  it('may lose with durability primary what waited for a slow sync, but doubles nothing', async () => {
    await begin('primary')
    await killed()
    expect((await end('primary, everysec', '10 × SIGKILL')).doubled).toBe(0)
  })

  it('loses nothing with durability primary where each write is synced', async () => {
    await begin('primary', 'always')
    await killed()
    expect(await end('primary, always', '10 × SIGKILL')).toMatchObject(KEPT)
  })

  it('may lose with durability primary what it acknowledged when its disk was full', async () => {
    await begin('primary')
    await filled()
    expect((await end('primary', '3 × disk full, then SIGKILL')).doubled).toBe(0)
  })

  if (WAITS_FOR_DISK) {
    // Redis lets each visit wait for its next sync, which is a second away.
    it('loses nothing with durability disk', async () => {
      await begin('disk')
      await killed(3)
      expect(await end('disk', '3 × SIGKILL')).toMatchObject(KEPT)
    }, 90_000)

    it('loses nothing with durability disk when its disk was full', async () => {
      await begin('disk')
      await filled()
      expect(await end('disk', '3 × disk full, then SIGKILL')).toMatchObject(KEPT)
    }, 90_000)

    it('acknowledges nothing with durability disk that is not synced', async () => {
      await begin('disk')
      await client.config('SET', 'appendfsync', 'no')
      const store = new ExactRedisStore({ client, durability: 'disk', deadlineMs: 2_000 })
      await expect(store.commit(newSession(store, 'new'))).rejects.toMatchObject({
        code: 'ERR_STORE_TIMEOUT',
      })
      await client.config('SET', 'appendfsync', 'everysec')
      await visits.more()
    })
  }
})
