// The faults, over each client that the store takes. Those of ioredis 6, at length and as our app connects it, are in the other files.
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import * as redis5 from 'redis-5'
import * as redis6 from 'redis-6'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RedisSettings } from '../../../src/counter/config/redis-settings.js'
import { type DurabilityOption, ExactRedisStore } from '../../../src/store/index.js'
import { CLIENTS, type Connect, standalone } from '../../support/clients.js'
import { CountedVisits, type Outcome } from '../../support/counted-visits.js'
import { RedisCluster } from '../../support/redis-cluster.js'
import { RedisSentinels } from '../../support/redis-sentinels.js'
import { RedisServer } from '../../support/redis-server.js'
import { TcpProxy } from '../../support/tcp-proxy.js'
import { type AnySession, load, newSession } from '../requests.js'

const { 'ioredis 6': _, ...OTHERS } = CLIENTS
const KEPT = { lost: 0, doubled: 0, resurrected: 0 }
const NONE_FAILED = { ...KEPT, failed: 0, repeated: 0 }
const PATIENCE_MS = 120_000

let visits: CountedVisits
afterEach(() => visits?.end())

const begin = async (
  redis: Omit<RedisSettings, 'db'>,
  connect: Connect,
  durability: DurabilityOption = 'primary',
  tag = '',
) => {
  visits = new CountedVisits({ ...redis, db: 0 }, durability, 15_000, tag, connect)
  visits.start()
  await visits.more()
}
const note = (client: string, fault: string, outcome: Outcome) => {
  process.stdout.write(`${client} | ${fault} | ${JSON.stringify(outcome)}\n`)
  return outcome
}

describe.each(Object.entries(CLIENTS))(
  'with %s, nothing is lost, doubled or brought back',
  (name, connect) => {
    let server: RedisServer
    let proxy: TcpProxy
    let direct: Redis

    beforeAll(async () => {
      server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
      direct = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 20 })
      direct.on('error', () => {})
    })
    afterAll(async () => {
      direct.disconnect()
      await server.stop()
    })
    beforeEach(async () => {
      await direct.flushall()
      proxy = await TcpProxy.start(server.port)
    })
    afterEach(() => proxy.stop())

    it('and none is refused, when Redis is killed and starts again, time and again', async () => {
      await begin(standalone(server.port), connect)
      for (let round = 0; round < 3; round += 1) {
        await server.kill()
        await server.start()
        await visits.more()
      }
      expect(note(name, '3 × SIGKILL', await visits.stop(direct))).toMatchObject(NONE_FAILED)
    })

    it('and none is refused, when Redis freezes for a while', async () => {
      await begin(standalone(server.port), connect)
      for (let round = 0; round < 2; round += 1) {
        server.freeze()
        await pause(1_000)
        server.thaw()
        await visits.more()
      }
      expect(note(name, '2 × SIGSTOP, 1 s', await visits.stop(direct))).toMatchObject(NONE_FAILED)
    })

    it('and none is refused, when replies are lost, and connections cut and reset', async () => {
      await begin(standalone(proxy.port), connect)
      let replies = 0
      proxy.back = () => {
        replies += 1
        return replies % 40 === 0 ? 'cut' : replies % 61 === 0 ? 'reset' : 'pass'
      }
      for (let round = 0; round < 10; round += 1) {
        await visits.more(20)
        proxy.cut()
      }
      proxy.back = () => 'pass'
      await visits.more()
      expect(note(name, 'replies lost', await visits.stop(direct))).toMatchObject(NONE_FAILED)
    })
  },
)

describe('with Sentinels', () => {
  let redis: RedisSentinels

  beforeAll(async () => {
    redis = await RedisSentinels.start()
  })
  afterAll(() => redis.stop())

  it.each([
    ['node-redis 6', redis6.createSentinel],
    ['node-redis 5', redis5.createSentinel as unknown as typeof redis6.createSentinel],
  ])(
    '%s sends nothing again behind our back: a visit that was counted is not called gone',
    async (_name, make) => {
      await redis.settled()
      const { server } = await redis.primary()
      const [proxy, direct] = [await TcpProxy.start(server.port), new Redis(server.port, '127.0.0.1')]
      const client = make({
        name: redis.settings.sentinelName,
        sentinelRootNodes: [...redis.settings.nodes],
        nodeAddressMap: { [`127.0.0.1:${server.port}`]: { host: '127.0.0.1', port: proxy.port } },
        nodeClientOptions: { socket: { reconnectStrategy: () => 20 } },
      })
      client.on('error', () => {})
      await client.connect()
      const store = new ExactRedisStore({ client, counters: ['visits'], onGone: 'error' })
      await store.commit(Object.assign(newSession(store, 'behind'), { visits: 0 }) as AnySession)
      const session = await load(store, 'behind')
      session.visits += 1
      proxy.back = () => {
        proxy.back = () => 'pass'
        return direct.del('sess:behind').then(() => 'cut' as const)
      }
      await expect(store.commit(session)).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
      await client.destroy()
      direct.disconnect()
      await proxy.stop()
    },
  )

  it(
    'node-redis 6 counts on when the primary freezes',
    async () => {
      await redis.settled()
      await begin(redis.settings, CLIENTS['node-redis 6'], { replicas: 1 }, 'frozen ')
      const { server } = await redis.primary()
      server.freeze()
      await redis.succeeded(server).finally(() => server.thaw())
      await visits.more()
      await redis.settled()
      const { client } = await redis.primary()
      expect(note('node-redis 6', 'Sentinels: SIGSTOP', await visits.stop(client))).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it(
    'node-redis 6 counts on once the Sentinels are back',
    async () => {
      await redis.settled()
      await begin(redis.settings, CLIENTS['node-redis 6'], { replicas: 1 }, 'blind ')
      await redis.killSentinels()
      await pause(1_000)
      await redis.startSentinels()
      await visits.more()
      await redis.settled()
      const { client } = await redis.primary()
      expect(note('node-redis 6', 'no Sentinels', await visits.stop(client))).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it.each(Object.entries(OTHERS))(
    '%s counts on after the primary was killed, or its lead was taken',
    async (name, connect) => {
      await redis.settled()
      const durability: DurabilityOption = name === 'node-redis 5' ? 'primary' : { replicas: 1 }
      await begin(redis.settings, connect, durability, `${name} `)
      await redis.killPrimary()
      await visits.more()
      await redis.failOver()
      await visits.more()
      await redis.settled()
      const { client } = await redis.primary()
      const outcome = note(name, 'Sentinels: SIGKILL, failover', await visits.stop(client))
      // Without replicas a failover may lose what they had not got; no visit is counted twice even so.
      expect(outcome).toMatchObject(durability === 'primary' ? { doubled: 0 } : KEPT)
    },
    PATIENCE_MS,
  )
})

describe('in a Cluster', () => {
  let redis: RedisCluster
  let direct: ReturnType<RedisCluster['connect']>

  beforeAll(async () => {
    redis = await RedisCluster.start(1)
    direct = redis.connect().on('error', () => {})
  })
  afterAll(async () => {
    direct.disconnect()
    await redis.stop()
  })

  it.each(Object.entries(OTHERS))(
    '%s counts on while a slot moves: none is refused',
    async (name, connect) => {
      const tag = `{${name}}`
      await begin(redis.settings, connect, { replicas: 1 }, tag)
      await redis.moveSlot(`sess:${tag}a`, async () => {})
      await visits.more()
      await redis.settled()
      expect(note(name, 'Cluster: slot moved', await visits.stop(direct))).toMatchObject(NONE_FAILED)
    },
    PATIENCE_MS,
  )

  it.each(Object.entries(OTHERS))(
    '%s counts on after a primary was killed',
    async (name, connect) => {
      const tag = `${name} killed `
      await begin(redis.settings, connect, { replicas: 1 }, tag)
      await redis.killPrimary(`sess:${tag}a`)
      await visits.more()
      await redis.settled()
      expect(note(name, 'Cluster: SIGKILL', await visits.stop(direct))).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )
})
