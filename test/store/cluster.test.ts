import { Cluster, Redis } from 'ioredis'
import { Cluster as Ioredis5Cluster } from 'ioredis-5'
import { Cluster as IovalkeyCluster } from 'iovalkey'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DurabilityOption, ExactRedisStore } from '../../src/store/index.js'
import { CountedVisits } from '../support/counted-visits.js'
import { RedisCluster } from '../support/redis-cluster.js'
import { type AnySession, load, newSession } from './requests.js'

let cluster: RedisCluster
const clients: Cluster[] = []

beforeAll(async () => {
  cluster = await RedisCluster.start(1)
})
afterAll(async () => {
  for (const client of clients) client.disconnect()
  await cluster.stop()
})

const open = () => {
  const client = cluster.connect()
  client.on('error', () => {})
  clients.push(client)
  const store = new ExactRedisStore({ client, counters: ['visits'], onGone: 'error', deadlineMs: 15_000 })
  return { client, store }
}
const create = async (store: ExactRedisStore, sid: string) => {
  await store.commit(Object.assign(newSession(store, sid), { visits: 0 }) as AnySession)
}
const visit = async (store: ExactRedisStore, sid: string, idempotencyKey = '') => {
  const session = await load(store, sid)
  session.visits += 1
  await store.commit(session, { idempotencyKey })
  return session.visits
}

describe.each<[string, DurabilityOption]>([
  ['primary', 'primary'],
  ['replicas:1', { replicas: 1 }],
])('with durability %s, while a slot moves through a cluster under load,', (name, durability) => {
  it('nothing is lost, nothing counts twice and nothing comes back', async () => {
    // All in one slot, by the client that the app makes.
    const visits = new CountedVisits(cluster.settings, durability, 15_000, '{tag}')
    visits.start()
    try {
      for (let round = 0; round < 3; round += 1) {
        await visits.more()
        // What waits for replicas waits until the slot has moved, too.
        await cluster.moveSlot('sess:{tag}a', async () => {
          if (durability === 'primary') await visits.more(20)
        })
      }
      await visits.more()
      const outcome = await visits.stop(open().client)
      process.stdout.write(`Cluster, ${name} | 3 × slot moved | ${JSON.stringify(outcome)}\n`)
      expect(outcome).toMatchObject({ failed: 0, lost: 0, doubled: 0, repeated: 0, resurrected: 0 })
    } finally {
      await visits.end()
      await cluster.empty()
    }
  }, 120_000)
})

it.each([
  ['ioredis 6', Cluster],
  ['ioredis 5', Ioredis5Cluster],
  ['iovalkey', IovalkeyCluster],
])('no session is loaded from a replica, whatever the client reads from there: %s', async (_name, Client) => {
  const client = new (Client as typeof Cluster)(cluster.addresses, { scaleReads: 'slave' })
  client.on('error', () => {})
  clients.push(client)
  const store = new ExactRedisStore({ client, counters: ['visits'] })
  const nodes = cluster.addresses.map(({ port }) => new Redis(port))
  await Promise.all(nodes.map((node) => node.call('CONFIG', 'RESETSTAT')))
  await create(store, 'read')
  for (let i = 1; i <= 5; i += 1) expect(await visit(store, 'read')).toBe(i)
  await store.destroy('read')
  const replicas = await Promise.all(
    nodes.map(async (node) => {
      const [role] = (await node.role()) as [string]
      return role === 'slave' ? node.info('commandstats') : ''
    }),
  )
  expect(replicas.filter(Boolean)).toHaveLength(3)
  // What its primary sent it is among them.
  expect(replicas.join()).not.toMatch(/cmdstat_hgetall/)
  for (const node of nodes) node.disconnect()
})

it('finds, retires and destroys sessions on every node', async () => {
  const { client, store } = open()
  await store.clear()
  const sids = Array.from({ length: 12 }, (_, i) => `sid-${i}`)
  for (const sid of sids) await create(store, sid)
  expect((await store.ids()).sort()).toEqual([...sids].sort())
  expect(await store.length()).toBe(12)
  const old = await load(store, 'sid-0')
  await visit(store, 'sid-0')
  store.generate = () => {}
  await new Promise((resolve) => store.regenerate(old.req as never, resolve))
  expect(old.visits).toBe(1)
  expect(await store.get('sid-0')).toBeNull()
  expect(await store.all()).toHaveLength(11)
  await store.clear()
  expect(await store.ids()).toEqual([])
  const sizes = await Promise.all(client.nodes('master').map((node) => node.dbsize()))
  expect(sizes).toHaveLength(3)
})

it.each(['hash', 'connect-redis'] as const)(
  'keeps the keys of a session in one slot behind a keyPrefix, as %s',
  async (format) => {
    const client = cluster.connect('pre:')
    client.on('error', () => {})
    clients.push(client)
    const store = new ExactRedisStore({ client, counters: ['visits'], format })
    await create(store, `prefixed-${format}`)
    expect(await visit(store, `prefixed-${format}`)).toBe(1)
    const session = await load(store, `prefixed-${format}`)
    store.generate = () => {}
    await new Promise<void>((resolve, reject) =>
      store.regenerate(session.req as never, (error) => (error ? reject(error) : resolve())),
    )
    expect(await store.get(`prefixed-${format}`)).toBeNull()
  },
)
