// The same promises over each client that the store takes: the exactness is the store's, whatever a client does.

import { Cluster, Redis } from 'ioredis'
import { Redis as Ioredis5 } from 'ioredis-5'
import { Redis as Iovalkey } from 'iovalkey'
import { createClient as createClient5, createCluster as createCluster5 } from 'redis-5'
import { createClient as createClient6, createCluster as createCluster6 } from 'redis-6'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { RedisCluster } from '../support/redis-cluster.js'
import { RedisServer } from '../support/redis-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { type AnySession, load, newSession } from './requests.js'

type Client = ExactRedisStoreOptions['client']
interface Connected {
  readonly client: Client
  end(): void
}
/** As its own documentation connects it, but that it tries again soon. */
const CLIENTS: Record<string, (port: number) => Promise<Connected>> = {
  'ioredis 6': async (port) => ioredis(new Redis(port, '127.0.0.1', { retryStrategy: () => 10 })),
  'ioredis 5': async (port) => ioredis(new Ioredis5(port, '127.0.0.1', { retryStrategy: () => 10 })),
  iovalkey: async (port) => ioredis(new Iovalkey(port, '127.0.0.1', { retryStrategy: () => 10 })),
  'node-redis 5': async (port) => nodeRedis(createClient5({ socket: socket(port) })),
  'node-redis 6': async (port) => nodeRedis(createClient6({ socket: socket(port) })),
}
const socket = (port: number) => ({ host: '127.0.0.1', port, reconnectStrategy: () => 10 })

function ioredis<C extends Client & { disconnect(): void }>(
  client: C & { on(event: 'error', listener: () => void): unknown },
): Connected {
  client.on('error', () => {})
  return { client, end: () => client.disconnect() }
}

interface NodeRedis {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): void
}
async function nodeRedis<C extends NodeRedis & Client>(client: C): Promise<Connected> {
  client.on('error', () => {})
  await client.connect()
  return { client, end: () => client.destroy() }
}

const create = async (store: ExactRedisStore, sid: string, data: Record<string, unknown> = {}) => {
  const session = Object.assign(newSession(store, sid), { visits: 0, ...data }) as AnySession
  await store.commit(session)
  return session
}
const visit = async (store: ExactRedisStore, sid: string) => {
  const session = await load(store, sid)
  session.visits += 1
  await store.commit(session)
  return session.visits
}
const MANY = 40

describe.each(Object.entries(CLIENTS))('with %s', (_name, connect) => {
  let server: RedisServer
  let proxy: TcpProxy
  const connected: Connected[] = []
  const storeAt = async (port: number, options: Partial<ExactRedisStoreOptions> = {}) => {
    const made = await connect(port)
    connected.push(made)
    return new ExactRedisStore({
      client: made.client,
      counters: ['visits'],
      cappedLists: { trail: 3 },
      ...options,
    })
  }

  beforeAll(async () => {
    server = await RedisServer.start('--appendonly', 'yes', '--repl-diskless-sync-delay', '0')
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    proxy = await TcpProxy.start(server.port)
  })
  afterEach(async () => {
    for (const { end } of connected.splice(0)) end()
    await proxy.stop()
  })

  it('a session is made, loaded, changed, touched, listed, given a new id and ended', async () => {
    const store = await storeAt(server.port, { prefix: 'life:' })
    await create(store, 'sid', { user: 'ada', ünïcode: '🍪' })
    const session = await load(store, 'sid')
    expect(session).toMatchObject({ visits: 0, user: 'ada', ünïcode: '🍪' })
    delete session.user
    session.trail = ['a']
    await store.commit(session)
    await store.touch('sid', session)
    const found = await store.get('sid')
    expect(found).toMatchObject({ visits: 0, trail: ['a'] })
    expect(found).not.toHaveProperty('user')
    for (let i = 0; i < 30; i += 1) await create(store, `more${i}`)
    expect((await store.ids()).length).toBe(31)
    expect((await store.all()).length).toBe(31)
    await store.destroy('sid')
    expect(await store.get('sid')).toBeNull()
    await store.clear()
    expect(await store.length()).toBe(0)
  })

  it('many visits at once, by two clients, each see a number of their own', async () => {
    const stores = [await storeAt(server.port), await storeAt(server.port)]
    for (const store of stores.slice(0, 1)) await create(store, 'many')
    const work = Array.from({ length: MANY }, async (_, i) => {
      const store = stores[i % 2] ?? (stores[0] as ExactRedisStore)
      if (i % 3 === 0)
        return (await store.update('many', { add: { visits: 1 }, append: { trail: [i] } }))?.visits
      return visit(store, 'many')
    })
    const numbers = (await Promise.all(work)).map(Number).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: MANY }, (_, i) => i + 1))
  })

  it('counts once what Redis did and whose reply was lost', async () => {
    const direct = await storeAt(server.port)
    await create(direct, 'lost')
    const store = await storeAt(proxy.port, { deadlineMs: 25_000 })
    let [replies, lost] = [0, 0]
    proxy.back = () => {
      replies += 1
      if (replies % 6 !== 0) return 'pass'
      lost += 1
      return 'cut'
    }
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 5; i += 1) await store.update('lost', { add: { visits: 1 } })
      }),
    )
    expect(lost).toBeGreaterThan(0)
    expect(await direct.get('lost')).toMatchObject({ visits: 40 })
  })

  it('answers within the deadline while Redis says nothing, and works again after', async () => {
    const direct = await storeAt(server.port)
    await create(direct, 'silent')
    const store = await storeAt(proxy.port, { deadlineMs: 500 })
    await visit(store, 'silent')
    proxy.there = () => 'silence'
    await expect(store.get('silent')).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    proxy.there = () => 'pass'
    proxy.cut()
    await expect.poll(() => visit(store, 'silent').catch(() => 0)).toBeGreaterThan(1)
  })

  it('commits what a replica has, where that is wanted', async () => {
    const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(server.port))
    try {
      const direct = new Redis(server.port, '127.0.0.1')
      await expect.poll(() => direct.info('replication')).toContain('state=online')
      direct.disconnect()
      const store = await storeAt(server.port, { durability: { replicas: 1 } })
      await create(store, 'safe')
      await Promise.all(Array.from({ length: 10 }, () => visit(store, 'safe')))
      const there = await storeAt(replica.port)
      expect(await there.get('safe')).toMatchObject({ visits: 10 })
    } finally {
      await replica.stop()
    }
  })
})

describe.each([
  ['ioredis 6', async (nodes: { host: string; port: number }[]) => ioredis(new Cluster(nodes))],
  [
    'node-redis 5',
    async (nodes: { host: string; port: number }[]) =>
      nodeRedis(createCluster5({ rootNodes: nodes.map((socket) => ({ socket })) })),
  ],
  [
    'node-redis 6',
    async (nodes: { host: string; port: number }[]) =>
      nodeRedis(createCluster6({ rootNodes: nodes.map((socket) => ({ socket })) })),
  ],
])('in a Cluster, with %s', (_name, connect) => {
  it('sessions on all primaries count each visit, and are listed', async () => {
    const cluster = await RedisCluster.start()
    const { client, end } = await connect(cluster.addresses)
    try {
      const store = new ExactRedisStore({ client, counters: ['visits'] })
      const sids = Array.from({ length: 12 }, (_, i) => `c${i}`)
      await Promise.all(sids.map((sid) => create(store, sid)))
      await Promise.all(sids.flatMap((sid) => Array.from({ length: 5 }, () => visit(store, sid))))
      const visits = await Promise.all(sids.map(async (sid) => (await store.get(sid))?.visits))
      expect(visits).toEqual(sids.map(() => 5))
      expect((await store.ids()).sort()).toEqual([...sids].sort())
    } finally {
      end()
      await cluster.stop()
    }
  })
})

describe('a client that is none', () => {
  it.each([
    ['nothing', undefined],
    ['a URL', 'redis://127.0.0.1'],
    ['an object', {}],
    ['a client of valkey-glide', { get() {}, set() {}, del() {}, customCommand() {} }],
    ['node-redis 4', { sendCommand() {}, isOpen: true, isReady: true, v4: {}, duplicate() {} }],
  ])('%s is refused when the store is made', (_name, client) => {
    expect(() => new ExactRedisStore({ client: client as Client })).toThrow(/client: expected/)
  })
})
