// The same promises over each client that the store takes: the exactness is the store's, whatever a client does.

import { Redis } from 'ioredis'
import * as redis5 from 'redis-5'
import * as redis6 from 'redis-6'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { CLIENTS, type Client, type Connected, standalone } from '../support/clients.js'
import { RedisCluster } from '../support/redis-cluster.js'
import { RedisServer } from '../support/redis-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { type AnySession, load, newSession } from './requests.js'

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
    const made = connect(standalone(port))
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

  it('a command that is given while the connection gets lost is answered with nothing of another', async () => {
    const store = await storeAt(proxy.port)
    const names = Array.from({ length: 4 }, (_, i) => `name${i}`)
    for (const name of names) await create(store, name, { name })
    for (let i = 0; i < 10; i += 1) {
      // The client hears of a reset in a timer after it has taken these commands, and before it writes them.
      const found = await new Promise((resolve) => {
        setTimeout(() => {
          proxy.reset()
          resolve(Promise.all(names.map((name) => store.get(name))))
        })
      })
      expect(found).toMatchObject(names.map((name) => ({ name })))
    }
  })

  it('many visits at once, by two clients, each see a number of their own', async () => {
    const stores = [await storeAt(server.port), await storeAt(server.port)]
    for (const store of stores.slice(0, 1)) await create(store, 'many')
    const work = Array.from({ length: MANY }, async (_, i) => {
      const store = stores[i % 2] ?? (stores[0] as ExactRedisStore)
      if (i % 3 === 0)
        return (await store.update('many', { add: { visits: 1 }, append: { trail: [`${i}`] } }))?.visits
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
    await expect.poll(() => visit(store, 'silent').catch(() => 0)).toBeGreaterThan(0)
    proxy.there = () => 'silence'
    await expect(store.get('silent')).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    proxy.there = () => 'pass'
    proxy.cut()
    await expect.poll(() => visit(store, 'silent').catch(() => 0)).toBeGreaterThan(1)
  })

  it('is told at once what Redis refuses', async () => {
    const store = await storeAt(server.port, { deadlineMs: 20_000 })
    await create(store, 'refused')
    const session = await load(store, 'refused')
    session.visits += 1
    session.big = 'x'.repeat(1000)
    const direct = new Redis(server.port, '127.0.0.1')
    await direct.config('SET', 'maxmemory', '1')
    const refused = store.commit(session)
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
      message: expect.stringMatching(/OOM/),
    })
    await direct.config('SET', 'maxmemory', '0')
    await store.commit(session)
    expect(await store.get('refused')).toMatchObject({ visits: 1 })
    await direct.acl('SETUSER', 'default', '-evalsha', '-hgetall')
    const unreadable = store.get('refused')
    await expect(unreadable).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
    await direct.acl('SETUSER', 'default', '+evalsha', '+hgetall')
    direct.disconnect()
  })

  it('does not say that a session has ended whose visit may have been counted before it did', async () => {
    const direct = await storeAt(server.port)
    const store = await storeAt(proxy.port, { onGone: 'error' })
    await create(direct, 'ended')
    const session = await load(store, 'ended')
    session.visits += 1
    proxy.back = () => {
      proxy.back = () => 'pass'
      return direct.destroy('ended').then(() => 'cut' as const)
    }
    await expect(store.commit(session)).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
  })

  it('hears that its client was closed', async () => {
    const { client, end } = connect(standalone(server.port))
    const store = new ExactRedisStore({ client, deadlineMs: 20_000 })
    await store.get('nobody')
    end()
    await expect(store.get('nobody')).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
    await expect(store.ids()).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
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

describe('in a Cluster', () => {
  let cluster: RedisCluster

  beforeAll(async () => {
    cluster = await RedisCluster.start()
  })
  afterAll(() => cluster.stop())

  it.each(Object.entries(CLIENTS))(
    'sessions on all primaries count each visit, and are listed, with %s',
    async (name, connect) => {
      const { client, end } = connect(cluster.settings)
      const store = new ExactRedisStore({ client, counters: ['visits'], prefix: `${name}:` })
      const sids = Array.from({ length: 12 }, (_, i) => `c${i}`)
      await Promise.all(sids.map((sid) => create(store, sid)))
      await Promise.all(sids.flatMap((sid) => Array.from({ length: 5 }, () => visit(store, sid))))
      const visits = await Promise.all(sids.map(async (sid) => (await store.get(sid))?.visits))
      expect(visits).toEqual(sids.map(() => 5))
      expect((await store.ids()).sort()).toEqual([...sids].sort())
      end()
    },
  )
})

describe.each([
  ['node-redis 6', redis6],
  ['node-redis 5', redis5],
])('a client of %s', (_name, redis) => {
  let server: RedisServer
  let made: { isOpen: boolean; destroy(): unknown }[] = []

  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterEach(() => {
    for (const client of made) if (client.isOpen) client.destroy()
    made = []
  })
  afterAll(() => server.stop())
  const createClient = redis.createClient as typeof redis6.createClient
  const open = (options: Parameters<typeof createClient>[0] = {}) => {
    const client = createClient({ url: server.url, ...options })
    client.on('error', () => {})
    made.push(client)
    return client
  }
  const retries = (store: ExactRedisStore) => {
    const seen: unknown[] = []
    store.on('retry', (error) => seen.push(error))
    return seen
  }

  it('keeps its command timeout, its types of replies and its prefix for the commands of its user', async () => {
    const client = open({
      commandOptions: { timeout: 100, typeMapping: { 36: Buffer, 58: String } },
      keyPrefix: 'app:',
    } as object)
    await client.connect()
    for (const used of [client, client.withTypeMapping({ 36: Buffer })]) {
      const store = new ExactRedisStore({ client: used as unknown as Client, counters: ['visits'] })
      const retried = retries(store)
      await store.clear()
      await create(store, 'own')
      // Longer than the timeout.
      const paused = open()
      await paused.connect()
      await paused.sendCommand(['CLIENT', 'PAUSE', '400'])
      expect(await visit(store, 'own')).toBe(1)
      expect(await store.ids()).toEqual(['own'])
      expect(await paused.sendCommand(['KEYS', '*'])).toEqual(['sess:own'])
      expect(retried).toEqual([])
    }
  })

  it('is waited for until its user has connected it, within the deadline', async () => {
    const client = open()
    const soon = new ExactRedisStore({ client: client as unknown as Client, deadlineMs: 300 })
    await expect(soon.get('nobody')).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    await expect(soon.ids()).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    const store = new ExactRedisStore({ client: client as unknown as Client, deadlineMs: 20_000 })
    const found = store.get('nobody')
    await client.connect()
    expect(await found).toBeNull()
    expect(await store.ids()).toBeInstanceOf(Array)
  })

  it('works without an offline queue, too', async () => {
    const proxy = await TcpProxy.start(server.port)
    const client = open({
      url: `redis://127.0.0.1:${proxy.port}`,
      disableOfflineQueue: true,
      socket: { reconnectStrategy: () => 50 },
    })
    await client.connect()
    const store = new ExactRedisStore({ client: client as unknown as Client, counters: ['visits'] })
    await create(store, 'offline')
    for (let i = 1; i <= 5; i += 1) {
      proxy.cut()
      expect(await visit(store, 'offline')).toBe(i)
    }
    client.destroy()
    await proxy.stop()
  })

  it('that has given up is closed, as far as the store is concerned', async () => {
    const proxy = await TcpProxy.start(server.port)
    const client = open({
      url: `redis://127.0.0.1:${proxy.port}`,
      socket: { reconnectStrategy: false },
    })
    await client.connect()
    const store = new ExactRedisStore({ client: client as unknown as Client, deadlineMs: 20_000 })
    await store.get('nobody')
    await proxy.stop()
    await expect.poll(() => client.isOpen).toBe(false)
    await expect(store.get('nobody')).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
  })
})

describe('stores on one client', () => {
  it('share one mark in a session, whatever they are given to prepare connections with', async () => {
    const server = await RedisServer.start()
    const client = new Redis(server.port, '127.0.0.1')
    const store = () =>
      new ExactRedisStore({ client, counters: ['visits'], prepareConnection: (made) => void made })
    await create(store(), 'marked')
    for (let i = 0; i < 5; i += 1) await visit(store(), 'marked')
    const fields = await client.hkeys('sess:marked')
    expect(fields.filter((name) => name.startsWith('@') && name !== '@ttl')).toHaveLength(1)
    client.disconnect()
    await server.stop()
  })
})
