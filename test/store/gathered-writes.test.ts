import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { storeClient } from '../../src/store/clients/detect.js'
import { RedisCluster } from '../support/redis-cluster.js'
import { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'

let server: RedisServer
let client: Redis
beforeAll(async () => {
  server = await RedisServer.start()
  client = new Redis(server.port, '127.0.0.1')
  client.on('error', () => {})
  await ready()
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})
const ready = () => until(() => client.status === 'ready')
const store = () => storeClient(client)

it('commands of one turn, the app’s own among them, are answered each with its own', async () => {
  const ways = {
    store: (text: string) => store().call('ECHO', text),
    app: (text: string) => client.echo(text),
    pipeline: async (text: string) => (await client.pipeline().echo(text).exec())?.[0]?.[1],
    transaction: async (text: string) => (await client.multi().echo(text).exec())?.[0]?.[1],
  }
  const sent = fc.record({
    way: fc.constantFrom(...(Object.keys(ways) as (keyof typeof ways)[])),
    text: fc.string({ unit: 'grapheme', size: '+1' }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { maxLength: 50, size: 'max' }), async (all) => {
      const replies = await Promise.all(all.map(({ way, text }) => ways[way](text)))
      expect(replies).toEqual(all.map(({ text }) => text))
    }),
  )
})

it('commands of one turn go out in one write', async () => {
  const writes = writesOf([client])
  const own = store()
  await Promise.all(Array.from({ length: 40 }, (_, i) => own.call('ECHO', `${i}`)))
  expect(writes()).toBe(1)
})

it('so do those to each node of a Cluster', async () => {
  const cluster = await RedisCluster.start()
  const clustered = cluster.connect()
  const own = storeClient(clustered)
  await until(() => own.state === 'ready')
  const keys = Array.from({ length: 60 }, (_, i) => `key${i}`)
  await Promise.all(keys.map((key) => own.call('DEL', key)))
  const writes = writesOf(clustered.nodes('master'))
  await Promise.all(keys.map((key) => own.call('SET', key, key)))
  expect(writes()).toBe(3)
  expect(await Promise.all(keys.map((key) => own.call('GET', key)))).toEqual(keys)
  clustered.disconnect()
  await cluster.stop()
})

it('what is sent before the connection is ended in the same turn is answered, once', async () => {
  await client.set('count', 0)
  const own = store()
  const counts = Array.from({ length: 20 }, () => own.call('INCR', 'count'))
  client.disconnect(true)
  expect(await Promise.all(counts)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  await ready()
  expect(await client.get('count')).toBe('20')
})

it('what is sent as the server ends the connection is answered by the next one', async () => {
  const [id, other] = [await client.client('ID'), client.duplicate()]
  await other.client('KILL', 'ID', id)
  // The client has not heard of it yet.
  const own = store()
  const replies = Array.from({ length: 40 }, (_, i) => own.call('ECHO', `${i}`))
  expect(await Promise.all(replies)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`))
  other.disconnect()
})

/** @returns how often the clients have written to their sockets since. */
function writesOf(clients: readonly Redis[]): () => number {
  const counted = clients.flatMap((each) => {
    const { stream } = each as unknown as { stream?: Record<'_write' | '_writev', () => void> }
    return stream ? [vi.spyOn(stream, '_write'), vi.spyOn(stream, '_writev')] : []
  })
  return () => counted.reduce((sum, { mock }) => sum + mock.calls.length, 0)
}
