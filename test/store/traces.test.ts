import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import type { Request } from 'express'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ExactRedisStore, type StoreTrace, type TracedOperation } from '../../src/store/index.js'
import { isTraced, traced } from '../../src/store/traces.js'
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

describe('what failed', () => {
  it.each<[string, unknown, Record<string, unknown>]>([
    [
      'an error of the store',
      Object.assign(new Error('x'), { code: 'ERR_STORE_TIMEOUT' }),
      { 'error.type': 'ERR_STORE_TIMEOUT' },
    ],
    ['one without a code', new TypeError('x'), { 'error.type': 'TypeError' }],
    ['one that is none', {}, { 'error.type': '_OTHER' }],
    [
      'one of Redis',
      new Error('x', { cause: new Error('OOM command not allowed') }),
      { 'error.type': 'Error', 'db.response.status_code': 'OOM' },
    ],
    [
      'one in a script, before Redis 7',
      new Error('x', { cause: new Error('ERR Error running script: @user_script:5: -MISCONF Redis is') }),
      { 'error.type': 'Error', 'db.response.status_code': 'MISCONF' },
    ],
    [
      'one of the socket',
      new Error('x', { cause: new Error('read ECONNRESET here') }),
      { 'error.type': 'Error' },
    ],
    [
      'one in small letters',
      new Error('x', { cause: new Error('Oom is not a word') }),
      { 'error.type': 'Error' },
    ],
    [
      'one with a short word',
      new Error('x', { cause: new Error('OK -NO it is') }),
      { 'error.type': 'Error' },
    ],
    ['one whose cause is none', new Error('x', { cause: 'OOM command' }), { 'error.type': 'Error' }],
  ])('is told by its code or name, and by the word of Redis: %s', async (_what, failure, attributes) => {
    const work = () => Promise.reject(failure)
    await expect(traced('touch', {}, work)).rejects.toBe(failure)
    expect(told()).toContain('touch error')
    expect(seen[0]?.trace.attributes).toEqual({ 'db.system.name': 'redis', ...attributes })
  })
})

it('only what is known is told, and nobody hears what work returns', async () => {
  const secret = { user: 'ada' }
  const location = { host: 'redis', port: 7, database: 2 }
  expect(await traced('load', { command: 'HGETALL', location }, async () => secret)).toBe(secret)
  expect(await traced('load', { script: 'load', location: {} }, async () => 1)).toBe(1)
  expect(told()).toEqual(['load start', 'load asyncEnd', 'load start', 'load asyncEnd'])
  expect(seen[0]?.trace).not.toHaveProperty('result.user')
  expect(JSON.stringify(seen)).not.toContain('ada')
  expect(seen[0]?.trace.attributes).toEqual({
    'db.system.name': 'redis',
    'db.operation.name': 'HGETALL',
    'db.namespace': '2',
    'server.address': 'redis',
    'server.port': 7,
  })
  expect(seen[2]?.trace.attributes).toStrictEqual({
    'db.system.name': 'redis',
    'db.stored_procedure.name': 'load',
  })
})

it.each(OPERATIONS)('somebody listens, or nobody does: %s', (operation) => {
  expect(isTraced(operation)).toBe(true)
  unsubscribe()
  expect(isTraced(operation)).toBe(false)
})
