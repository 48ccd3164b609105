import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { RedisServer } from '../support/redis-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { type AnySession, load, newSession } from './requests.js'

let primary: RedisServer
let replica: RedisServer
let proxy: TcpProxy
let direct: Redis
let client: Redis

beforeAll(async () => {
  primary = await RedisServer.start('--repl-diskless-sync-delay', '0')
  replica = await RedisServer.start('--replicaof', '127.0.0.1', `${primary.port}`)
  direct = new Redis(primary.port, '127.0.0.1')
  await until(async () => (await direct.info('replication')).includes('state=online'))
})
afterAll(async () => {
  direct.disconnect()
  await Promise.all([primary.stop(), replica.stop()])
})
beforeEach(async () => {
  await direct.flushall()
  proxy = await TcpProxy.start(primary.port)
  // ioredis with its defaults sends a WAIT again on a new connection, which answers it at once.
  client = new Redis(proxy.port, '127.0.0.1', { retryStrategy: () => 10 })
  client.on('error', () => {})
})
afterEach(async () => {
  replica.thaw()
  client.disconnect()
  await proxy.stop()
})

const open = (deadlineMs: number) =>
  new ExactRedisStore({ client, counters: ['visits'], deadlineMs, durability: { replicas: 1 } })
const create = async (store: ExactRedisStore) => {
  const session = Object.assign(newSession(store, 'sid'), { visits: 0 }) as AnySession
  await store.commit(session)
  return session
}

describe('a change that its replica does not have', () => {
  it.each([
    ['commit', async (store: ExactRedisStore, session: AnySession) => store.commit(session)],
    ['destroy', async (store: ExactRedisStore) => store.destroy('sid')],
    [
      'regenerate',
      (store: ExactRedisStore, session: AnySession) =>
        new Promise<void>((resolve, reject) => {
          store.generate = () => {}
          store.regenerate(session.req as never, (error) => (error ? reject(error) : resolve()))
        }),
    ],
  ])('is not acknowledged because the connection was lost: %s', async (_name, change) => {
    const store = open(1_500)
    await create(store)
    const loaded = await load(store, 'sid')
    loaded.visits += 1
    replica.freeze()
    let settled = false
    const changed = change(store, loaded).finally(() => {
      settled = true
    })
    const rejected = expect(changed).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    // Time and again, for as long as it may take.
    while (!settled) {
      proxy.cut()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await rejected
  })

  it('is acknowledged once it has it, and counted once', async () => {
    const store = open(8_000)
    await create(store)
    const loaded = await load(store, 'sid')
    loaded.visits += 1
    let retries = 0
    store.on('retry', () => {
      retries += 1
    })
    replica.freeze()
    const committed = store.commit(loaded)
    proxy.cut()
    await expect.poll(() => retries).toBeGreaterThan(0)
    replica.thaw()
    await committed
    expect(await direct.hget('sess:sid', ':visits')).toBe('1')
  })

  it('is not acknowledged because fewer have it than were asked for', async () => {
    const store = new ExactRedisStore({ client, deadlineMs: 1_500, durability: { replicas: 2 } })
    await expect(store.commit(newSession(store, 'sid'))).rejects.toMatchObject({
      code: 'ERR_STORE_TIMEOUT',
      cause: { code: 'ERR_STORE_NOT_DURABLE', message: expect.stringContaining('confirmed by 1 of 2') },
    })
  })
})
