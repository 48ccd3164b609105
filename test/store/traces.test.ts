import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import type { Request } from 'express'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ExactRedisStore, type StoreTrace, type TracedOperation } from '../../src/store/index.js'
import { RedisServer } from '../support/redis-server.js'
import { useRedis } from '../support/use-redis.js'
import { type AnySession, load, newSession } from './requests.js'

const { server, client } = await useRedis('--repl-diskless-sync-delay', '0')
client.on('error', () => {})
const OPERATIONS: TracedOperation[] = ['load', 'commit', 'touch', 'destroy', 'regenerate', 'wait']
const requests = new AsyncLocalStorage<string>()

/** What a subscriber saw: the event, whose request it was, and what it was told. */
let seen: { event: string; request: string | undefined; trace: StoreTrace }[] = []
let unsubscribe = () => {}
const subscribe = () => {
  const subscribed = OPERATIONS.map((operation) => {
    const channel = tracingChannel<unknown, StoreTrace>(`exact-sessions:${operation}`)
    const note = (event: string) => (trace: object) => {
      seen.push({ event, request: requests.getStore(), trace: trace as StoreTrace })
    }
    const listeners = {
      start: note('start'),
      end: () => {},
      asyncStart: () => {},
      asyncEnd: note('asyncEnd'),
      error: note('error'),
    }
    channel.subscribe(listeners)
    return () => channel.unsubscribe(listeners)
  })
  unsubscribe = () => {
    for (const end of subscribed) end()
  }
}
const told = () => seen.map(({ event, trace }) => `${trace.operation} ${event}`)

beforeEach(() => {
  seen = []
  subscribe()
})
afterEach(() => unsubscribe())

const create = async (store: ExactRedisStore) =>
  store.commit(Object.assign(newSession(store, 'secret-id'), { user: 'secret-user' }) as AnySession)

describe('a subscriber', () => {
  it('hears of each operation, in the request that does it, with attributes by OpenTelemetry', async () => {
    const store = new ExactRedisStore({ client })
    await requests.run('first', async () => {
      await create(store)
      const session = await load(store, 'secret-id')
      await store.touch('secret-id', { ...session })
    })
    await requests.run('second', () => store.destroy('secret-id'))
    await requests.run('third', async () => {
      await create(store)
      const { req } = (await load(store, 'secret-id')) as unknown as { req: Request }
      store.generate = () => {}
      await new Promise((resolve) => store.regenerate(req, resolve))
    })
    expect(told()).toEqual(
      ['commit', 'load', 'touch', 'destroy', 'commit', 'load', 'regenerate'].flatMap((operation) => [
        `${operation} start`,
        `${operation} asyncEnd`,
      ]),
    )
    expect(seen.map(({ request }) => request)).toEqual([
      ...Array(6).fill('first'),
      ...Array(2).fill('second'),
      ...Array(6).fill('third'),
    ])
    const common = {
      'db.system.name': 'redis',
      'db.namespace': '0',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    }
    expect(seen[0]?.trace.attributes).toEqual({
      ...common,
      'db.operation.name': 'EVALSHA',
      'db.stored_procedure.name': 'commit',
    })
    expect(seen[6]?.trace.attributes).toEqual({ ...common, 'db.operation.name': 'DEL' })
  })

  it('hears by which command a session is loaded: a plain one, after a load that extended it', async () => {
    const store = new ExactRedisStore({ client })
    await create(store)
    await load(store, 'secret-id')
    await load(store, 'secret-id')
    const [, first, second] = seen
      .filter(({ event }) => event === 'start')
      .map(({ trace }) => trace.attributes)
    expect(first).toMatchObject({ 'db.operation.name': 'EVALSHA', 'db.stored_procedure.name': 'load' })
    expect(second).toMatchObject({ 'db.operation.name': 'HGETALL' })
    expect(second).not.toHaveProperty('db.stored_procedure.name')
  })

  it('learns no id, and nothing of what is in a session', async () => {
    const store = new ExactRedisStore({ client })
    await create(store)
    expect(await store.get('secret-id')).toMatchObject({ user: 'secret-user' })
    expect(seen).toHaveLength(4)
    expect(JSON.stringify(seen)).not.toContain('secret')
  })

  it('hears what failed, by its code and by the word of Redis', async () => {
    const store = new ExactRedisStore({ client })
    await create(store)
    const session = await load(store, 'secret-id')
    session.user = 'another'
    await client.config('SET', 'maxmemory', '1')
    await expect(store.commit(session)).rejects.toThrow(/OOM/)
    await client.config('SET', 'maxmemory', '0')
    expect(seen.find(({ event }) => event === 'error')?.trace).toMatchObject({
      operation: 'commit',
      error: { code: 'ERR_STORE_REFUSED' },
      attributes: { 'error.type': 'ERR_STORE_REFUSED', 'db.response.status_code': 'OOM' },
    })
  })

  it('hears what waits for a replica', async () => {
    const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(server.port))
    const store = new ExactRedisStore({ client, durability: { replicas: 1 }, deadlineMs: 20_000 })
    await requests.run('durable', () => create(store))
    expect(told().slice(0, 2)).toEqual(['commit start', 'wait start'])
    expect(told().slice(-2)).toEqual(['wait asyncEnd', 'commit asyncEnd'])
    expect(seen[1]).toMatchObject({
      request: 'durable',
      trace: { attributes: { 'db.operation.name': 'WAIT' } },
    })
    await replica.stop()
  })

  it('hears what waits until Redis answers again', async () => {
    const waiting = client.duplicate({ retryStrategy: () => 10, maxRetriesPerRequest: 0 })
    waiting.on('error', () => {})
    const store = new ExactRedisStore({ client: waiting, deadlineMs: 20_000 })
    await store.get('nobody')
    await server.kill()
    const found = store.get('nobody')
    await expect.poll(told).toContain('wait start')
    await server.start()
    expect(await found).toBeNull()
    expect(told().slice(-2)).toEqual(['wait asyncEnd', 'load asyncEnd'])
    waiting.disconnect()
  })
})

it('nothing is told, and all works, without a subscriber', async () => {
  unsubscribe()
  const store = new ExactRedisStore({ client })
  await create(store)
  expect(await store.get('secret-id')).toMatchObject({ user: 'secret-user' })
  expect(seen).toEqual([])
})
