import { EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Counter, createCounter } from '../../support/counter.js'
import { type Damage, drilled, KEPT, refusals } from '../../support/drilled.js'
import { InstanceProcess } from '../../support/instance.js'
import { RedisSentinels } from '../../support/redis-sentinels.js'
import { RedisServer } from '../../support/redis-server.js'
import { type Rule, TcpProxy } from '../../support/tcp-proxy.js'
import { until } from '../../support/until.js'

type Direction = 'there' | 'back'

let proxy: TcpProxy
afterEach(() => proxy.stop())

/** What is sent waits until the network is whole again, as TCP has it. @returns how to mend it. */
const hold = (...directions: readonly Direction[]) => {
  const network = new EventEmitter()
  const whole = once(network, 'whole')
  const rule: Rule = () => whole.then(() => 'pass')
  for (const direction of directions) proxy[direction] = rule
  return () => {
    proxy.there = proxy.back = () => 'pass'
    network.emit('whole')
  }
}
const row = (fault: string, damage: Damage) =>
  process.stdout.write(`primary | ${fault} | ${JSON.stringify(damage)}\n`)

describe('a network that is cut between the app and Redis', { timeout: 90_000 }, () => {
  let redis: RedisServer
  let instance: InstanceProcess

  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    proxy = await TcpProxy.start(redis.port)
  })
  afterEach(() => instance.end('SIGKILL'))
  const start = async (deadlineMs: number) => {
    instance = await InstanceProcess.start({
      REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
      SESSION_DEADLINE_MS: `${deadlineMs}`,
    })
  }
  const told = (what: string) => instance.log.filter((line) => JSON.parse(line).msg === what)

  it.each<[string, Direction[]]>([
    ['both ways', ['there', 'back']],
    ['on the way there', ['there']],
    ['on the way back', ['back']],
  ])('%s: 503 in time, one line says why; whole again, it counts on', async (way, directions) => {
    await start(1_000)
    const damage = await drilled(instance.url, async () => {
      const mend = hold(...directions)
      await refusals(instance.url)
      mend()
    })
    row(`cut ${way}`, damage)
    expect(damage).toMatchObject(KEPT)
    expect(Object.keys(damage.how)).toEqual(['503'])
    await until(() => told('Redis answers').length === 2)
    expect(told('Redis does not answer')).toEqual([expect.stringMatching(/timeout/i)])
  })

  it('for good on the connection of now, as when a firewall forgets it: nobody is refused', async () => {
    await start(5_000)
    const damage = await drilled(instance.url, async () => {
      proxy.there = () => {
        proxy.there = () => 'pass'
        return 'silence'
      }
      await until(() => told('Redis answers').length === 2)
    })
    row('a connection gone silent', damage)
    expect(damage).toMatchObject({ ...KEPT, failed: 0 })
  })
})

describe('a primary that its Sentinels reach, and the app does not:', { timeout: 90_000 }, () => {
  let redis: RedisSentinels
  let counter: Counter
  let server: Server

  beforeAll(async () => {
    redis = await RedisSentinels.start()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    const { server: primary } = await redis.primary()
    proxy = await TcpProxy.start(primary.port)
    counter = createCounter({
      REDIS_MODE: 'sentinel',
      REDIS_NODES: redis.settings.nodes.map(({ host, port }) => `${host}:${port}`).join(),
      REDIS_SENTINEL_NAME: redis.settings.sentinelName,
      SESSION_DEADLINE_MS: '1000',
    })
    // Only the app goes to it through the proxy.
    const client = counter.client as Redis
    client.options.natMap = { [`127.0.0.1:${primary.port}`]: { host: '127.0.0.1', port: proxy.port } }
    server = createServer(counter.app).listen(0, '127.0.0.1')
    await once(client, 'ready')
  })
  afterEach(() => {
    counter.close()
    server.close()
  })
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  it('503 in time, no failover; whole again, it counts on', async () => {
    const { server: primary } = await redis.primary()
    const damage = await drilled(url(), async () => {
      const mend = hold('there', 'back')
      await refusals(url())
      expect((await redis.primary()).server).toBe(primary)
      mend()
    })
    row('Sentinels: app cut from primary', damage)
    expect(damage).toMatchObject(KEPT)
  })

  it('SENTINEL FAILOVER to one that it reaches is the way out', async () => {
    const damage = await drilled(url(), async () => {
      hold('there', 'back')
      await refusals(url())
      await redis.failOver()
    })
    row('the same, then SENTINEL FAILOVER', damage)
    expect(damage).toMatchObject(KEPT)
  })
})
