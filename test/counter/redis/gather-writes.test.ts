import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gatherAllWrites } from '../../../src/counter/redis/gather-writes.js'
import { RedisServer } from '../../support/redis-server.js'
import { until } from '../../support/until.js'

let server: RedisServer
let client: Redis
beforeAll(async () => {
  server = await RedisServer.start()
  client = gatherAllWrites(new Redis(server.port, '127.0.0.1'))
  client.on('error', () => {})
  await ready()
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})
const ready = () => until(() => client.status === 'ready')

it('what is sent in one turn of the event loop, singly, in pipelines, transactions and as bytes, is answered each with its own', async () => {
  const ways = {
    single: (text: string) => client.echo(text),
    bytes: async (text: string) => String(await client.echo(Buffer.from(text))),
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

it('what is sent before the connection is ended in the same turn is answered, once', async () => {
  const errors: Error[] = []
  client.on('error', (error) => errors.push(error))
  await client.set('count', 0)
  const counts = Array.from({ length: 20 }, () => client.incr('count'))
  client.disconnect(true)
  expect(await Promise.all(counts)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  await ready()
  expect(await client.get('count')).toBe('20')
  expect(errors).toEqual([])
})

it('what is sent as the server ends the connection is answered by the next one', async () => {
  const [id, other] = [await client.client('ID'), client.duplicate()]
  await other.client('KILL', 'ID', id)
  // The client has not heard of it yet.
  const replies = Array.from({ length: 40 }, (_, i) => client.echo(`${i}`))
  expect(await Promise.all(replies)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`))
  other.disconnect()
})
