import type { Cluster } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ExactRedisStore } from '../../../src/stores/exact/index.js'
import { RedisCluster } from '../../support/redis-cluster.js'
import { type AnySession, load, newSession } from './requests.js'

let cluster: RedisCluster
const clients: Cluster[] = []

beforeAll(async () => {
  cluster = await RedisCluster.start()
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

it('loses nothing and counts nothing twice while a slot moves through a cluster under load', async () => {
  const stores = [open().store, open().store]
  const [store] = stores as [ExactRedisStore]
  // All in one slot.
  const sids = ['{tag}1', '{tag}2', '{tag}3', '{tag}4']
  for (const sid of sids) await create(store, sid)
  const numbers = new Map(sids.map((sid) => [sid, [] as number[]]))
  let [over, acknowledged] = [false, 0]
  const browsers = stores.flatMap((own, replica) =>
    sids.map(async (sid) => {
      for (let i = 0; !over; i += 1) {
        numbers.get(sid)?.push(await visit(own, sid, i % 2 ? `${replica}-${i}` : ''))
        acknowledged += 1
      }
    }),
  )
  const someVisits = async () => {
    const before = acknowledged
    await expect.poll(() => acknowledged, { timeout: 20_000 }).toBeGreaterThan(before + 20)
  }
  for (let round = 0; round < 3; round += 1) {
    await someVisits()
    await cluster.moveSlot('sess:{tag}1', someVisits)
  }
  await someVisits()
  over = true
  await Promise.all(browsers)
  for (const [sid, seen] of numbers) {
    expect((await load(store, sid)).visits).toBe(seen.length)
    expect(new Set(seen).size).toBe(seen.length)
  }
}, 120_000)

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

it('refuses to wait for replicas', () => {
  const { client } = open()
  expect(() => new ExactRedisStore({ client, durability: { waitReplicas: 1 } })).toThrow(/Cluster/)
})
