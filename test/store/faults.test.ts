import { setTimeout as pause } from 'node:timers/promises'
import { type Cluster, Redis, type RedisOptions } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis } from '../../src/counter/redis/connect.js'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { RedisServer } from '../support/redis-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { type AnySession, load, newSession } from './requests.js'

let server: RedisServer
let proxy: TcpProxy
let direct: Redis
const clients = new Set<{ disconnect(): void }>()

beforeAll(async () => {
  server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
})
afterAll(() => server.stop())
beforeEach(async () => {
  direct = new Redis(server.port, '127.0.0.1')
  clients.add(direct)
  await direct.flushall()
  proxy = await TcpProxy.start(server.port)
})
afterEach(async () => {
  for (const client of clients) client.disconnect()
  clients.clear()
  await proxy.stop()
})

type Options = Omit<ExactRedisStoreOptions, 'client'>
const storeOn = (client: Redis | Cluster, options: Options = {}) => {
  clients.add(client)
  if (client.listenerCount('error') === 0) client.on('error', () => {})
  return new ExactRedisStore({
    client,
    counters: ['visits'],
    cappedLists: { trail: 20 },
    onGone: 'error',
    ...options,
  })
}
/** ioredis as users have it, behind the proxy. */
const usersClient = (
  options: Pick<RedisOptions, 'enableAutoPipelining' | 'enableOfflineQueue' | 'maxRetriesPerRequest'> = {},
) => new Redis(proxy.port, '127.0.0.1', { retryStrategy: () => 10, ...options })
/** The client that our app makes, behind the proxy. */
const ownClient = (deadlineMs = 5_000) => {
  const nodes = [{ host: '127.0.0.1', port: proxy.port }]
  return connectRedis(
    { mode: 'standalone', nodes, sentinelName: '', db: 0 },
    { deadlineMs, offlineQueue: false },
  )
}

const create = async (sid = 'sid') => {
  const store = storeOn(direct)
  await store.commit(Object.assign(newSession(store, sid), { visits: 0 }) as AnySession)
}
const visit = async (store: ExactRedisStore, sid = 'sid') => {
  const session = await load(store, sid)
  session.visits += 1
  await store.commit(session)
  return session.visits
}
/** Such replies are lost, and the connection with them: Redis has the command, the client doesn't know. */
const loseReplies = (which: () => boolean) => {
  const lost = { replies: 0 }
  proxy.back = () => {
    if (!which()) return 'pass'
    lost.replies += 1
    return 'cut'
  }
  return lost
}
const VISIT = { add: { visits: 1 } }
/** The next reply is lost, once this has happened to Redis. */
const loseOneReply = (first: () => Promise<unknown> = async () => {}) => {
  const lost = { replies: 0 }
  proxy.back = async () => {
    if (lost.replies > 0) return 'pass'
    lost.replies += 1
    await first()
    return 'cut'
  }
  return lost
}
const stored = async (sid = 'sid') => Number(await direct.hget(`sess:${sid}`, ':visits'))

describe.each([
  ['our client', () => ownClient()],
  ['ioredis with its defaults', () => usersClient()],
  ['auto-pipelining', () => usersClient({ enableAutoPipelining: true })],
  ['no offline queue', () => usersClient({ enableOfflineQueue: false, maxRetriesPerRequest: 0 })],
])('with %s, a commit whose reply is lost', (_name, connect) => {
  it('counts once', async () => {
    await create()
    const store = storeOn(connect())
    const session = await load(store, 'sid')
    const lost = loseOneReply()
    session.visits += 1
    await store.commit(session)
    expect(lost.replies).toBe(1)
    expect(session.visits).toBe(1)
    expect(await stored()).toBe(1)
  })

  it('counts once with many more under way, and after 500 commits of others', async () => {
    await create()
    const store = storeOn(connect(), { deadlineMs: 25_000 })
    const other = storeOn(direct)
    const sessions = await Promise.all(Array.from({ length: 10 }, () => load(store, 'sid')))
    // Down until the others are done: the replies are lost, and so is every attempt to connect again.
    let down = true
    const lost = loseReplies(() => down)
    const commits = sessions.map((session) => {
      session.visits += 1
      return store.commit(session)
    })
    await expect.poll(() => lost.replies).toBeGreaterThan(0)
    for (let i = 0; i < 500; i += 1) await visit(other)
    down = false
    await Promise.all(commits)
    expect(await stored()).toBe(510)
    expect(new Set(sessions.map(({ visits }) => visits)).size).toBe(10)
  })
})

describe('a visit that was applied, whose reply is lost and whose session is ended before it is sent again', () => {
  it.each([
    ['our client', () => ownClient()],
    ['ioredis, which sends it again by itself', () => usersClient()],
  ])('has an unknown outcome, and is not said to be gone: %s', async (_name, connect) => {
    await create()
    const store = storeOn(connect())
    const session = await load(store, 'sid')
    loseOneReply(() => direct.del('sess:sid'))
    session.visits += 1
    await expect(store.commit(session)).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
    await create()
    loseOneReply(() => direct.del('sess:sid'))
    await expect(store.update('sid', VISIT)).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
    // One that had no chance to be applied is gone as ever.
    await create()
    const late = await load(store, 'sid')
    await direct.del('sess:sid')
    late.visits += 1
    await expect(store.commit(late)).rejects.toMatchObject({ code: 'ERR_SESSION_GONE' })
  })
})

describe('of 2,000 commits by 4 writers, with 3% of all replies lost,', () => {
  it('none is rejected, and each counts once', async () => {
    await create('hot')
    await Promise.all(Array.from({ length: 10 }, (_, i) => create(`sid ${i}`)))
    const stores = Array.from({ length: 4 }, () => storeOn(ownClient(15_000), { deadlineMs: 15_000 }))
    await Promise.all(stores.map((store) => store.get('hot')))
    let seed = 1
    const lost = loseReplies(() => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % 100 < 3
    })
    const numbers = new Map<string, number[]>()
    await Promise.all(
      stores.flatMap((store) =>
        Array.from({ length: 10 }, async (_, lane) => {
          for (let i = 0; i < 50; i += 1) {
            const sid = i % 2 ? 'hot' : `sid ${lane}`
            const seen = numbers.get(sid) ?? []
            numbers.set(sid, seen)
            // In two round trips, and in one.
            const visited = i % 3 ? await visit(store, sid) : (await store.update(sid, VISIT))?.visits
            seen.push(visited ?? 0)
          }
        }),
      ),
    )
    expect(lost.replies).toBeGreaterThan(10)
    for (const [sid, seen] of numbers) {
      expect(await stored(sid)).toBe(seen.length)
      expect(new Set(seen).size).toBe(seen.length)
    }
  })
})

describe('with a deadline of 500 ms, every operation settles', () => {
  const slack = 5_000
  const rejects = async (operation: Promise<unknown>) => {
    const began = performance.now()
    await expect(operation).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    expect(performance.now() - began).toBeLessThan(500 + slack)
  }

  it.each([
    ['frozen', () => server.freeze(), async () => server.thaw()],
    ['gone', () => server.kill(), () => server.start()],
  ])('while Redis is %s, and works again after', async (_how, hurt, heal) => {
    await create()
    for (const client of [ownClient(500), usersClient()]) {
      const store = storeOn(client, { deadlineMs: 500 })
      const works = () => expect.poll(() => visit(store).catch(() => 0)).toBeGreaterThan(0)
      await works()
      const [visited, touched] = [await load(store, 'sid'), await load(store, 'sid')]
      const before = await stored()
      await hurt()
      visited.visits += 1
      await Promise.all([
        rejects(store.commit(visited)),
        rejects(store.get('sid')),
        rejects(store.touch('sid', { ...touched }) as Promise<void>),
        rejects(store.destroy('other')),
        rejects(store.ids()),
      ])
      // Its outcome is unknown: to commit it again might count it twice.
      await expect(store.commit(visited)).rejects.toMatchObject({
        code: 'ERR_STORE_OUTCOME_UNKNOWN',
        message: expect.stringContaining('reload()'),
        cause: expect.objectContaining({ code: 'ERR_STORE_TIMEOUT' }),
      })
      await heal()
      await works()
      // As a socket that has held its session over the outage does.
      const req = visited.req as unknown as { session: AnySession }
      await new Promise<void>((resolve, reject) =>
        visited.reload((error) => (error ? reject(error) : resolve())),
      )
      req.session.visits += 1
      await store.commit(req.session)
      expect(await stored()).toBeGreaterThan(before)
    }
  })
})

describe('while Redis is frozen, commits that gather behind another', () => {
  it('hear by their own deadline', async () => {
    await create()
    const store = storeOn(usersClient(), { deadlineMs: 600 })
    const sessions = await Promise.all([1, 2, 3].map(() => load(store, 'sid')))
    server.freeze()
    const rejected: Promise<void>[] = []
    for (const session of sessions) {
      session.visits += 1
      rejected.push(expect(store.commit(session)).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' }))
      await pause(150)
    }
    await Promise.all(rejected)
    server.thaw()
    await expect.poll(() => visit(store).catch(() => 0)).toBeGreaterThan(0)
    expect(await stored()).toBeLessThanOrEqual(4)
  })
})

describe('Redis killed and started again, ten times under load,', () => {
  it('loses nothing that was acknowledged and counts nothing twice', async () => {
    await create()
    const store = storeOn(ownClient(20_000), { deadlineMs: 20_000 })
    let [attempted, acknowledged, over] = [0, 0, false]
    const browsers = Array.from({ length: 5 }, async () => {
      while (!over) {
        attempted += 1
        await visit(store).then(() => {
          acknowledged += 1
        })
      }
    })
    for (let round = 0; round < 10; round += 1) {
      const before = acknowledged
      await expect.poll(() => acknowledged).toBeGreaterThan(before + 20)
      await server.kill()
      await server.start()
    }
    over = true
    await Promise.all(browsers)
    expect(acknowledged).toBe(attempted)
    expect(await stored()).toBe(acknowledged)
  })
})

describe('an error of Redis that does not pass', () => {
  it('is told at once, and what it refused may be tried again', async () => {
    await create()
    const store = storeOn(direct)
    const session = await load(store, 'sid')
    session.visits += 1
    session.big = 'x'.repeat(1000)
    await direct.config('SET', 'maxmemory', '1')
    await expect(store.commit(session)).rejects.toThrow(/OOM/)
    await direct.config('SET', 'maxmemory', '0')
    expect(await stored()).toBe(0)
    await store.commit(session)
    expect(await stored()).toBe(1)
  })

  it('does not meet a commit that was applied, and whose reply was lost', async () => {
    await create()
    for (const client of [usersClient(), ownClient()]) {
      const store = storeOn(client)
      const session = await load(store, 'sid')
      const before = await stored()
      loseOneReply(() => direct.config('SET', 'maxmemory', '1'))
      session.visits += 1
      await store.commit(session)
      await direct.config('SET', 'maxmemory', '0')
      expect(await stored()).toBe(before + 1)
    }
  })

  it('leaves the outcome unknown where a commit may have been sent twice', async () => {
    await create()
    for (const client of [usersClient(), ownClient()]) {
      const store = storeOn(client)
      const session = await load(store, 'sid')
      const before = await stored()
      loseOneReply(() => direct.acl('SETUSER', 'default', '-evalsha'))
      session.visits += 1
      await expect(store.commit(session)).rejects.toThrow(/NOPERM|permission/)
      await direct.acl('SETUSER', 'default', '+evalsha')
      await expect(store.commit(session)).rejects.toThrow(/reload\(\)/)
      expect(await stored()).toBe(before + 1)
    }
  })

  it('such as a changed password, heals by itself once it is right', async () => {
    await create()
    const own = ownClient(1_000)
    const store = storeOn(own, { deadlineMs: 1_000 })
    await visit(store)
    await direct.config('SET', 'requirepass', 'changed')
    proxy.cut()
    await expect(visit(store)).rejects.toThrow(/NOAUTH|within 1000 ms/)
    await direct.config('SET', 'requirepass', '')
    await expect.poll(() => visit(store).catch(() => 0)).toBeGreaterThan(0)
  })

  it('SCRIPT FLUSH and FLUSHALL need no help', async () => {
    await create()
    const store = storeOn(direct)
    await visit(store)
    await direct.script('FLUSH')
    expect(await visit(store)).toBe(2)
    const slow = await load(store, 'sid')
    await direct.flushall()
    slow.visits += 1
    await expect(store.commit(slow)).rejects.toMatchObject({ code: 'ERR_SESSION_GONE' })
    expect(await direct.dbsize()).toBe(0)
  })
})
