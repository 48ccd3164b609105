import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, type RedisClient } from '../../src/redis/connect.js'
import { RedisCluster } from '../support/redis-cluster.js'
import { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'

const answers = (client: RedisClient) => until(async () => (await client.set('key', 'value')) === 'OK')
const quiet = <C extends RedisClient>(client: C) => client.on('error', () => {})

it('a client and its duplicates log on with the password of now; while it cannot be read, with the last one', async () => {
  const server = await RedisServer.start('--requirepass', 'first')
  let read = () => 'first'
  const settings = { nodes: [{ host: '127.0.0.1', port: server.port }], sentinelName: '', db: 0 }
  const client = quiet(
    connectRedis(
      { ...settings, mode: 'standalone', password: 'first' },
      { deadlineMs: 2_000, offlineQueue: false, current: () => ({ password: read() }) },
    ),
  )
  const duplicate = quiet((client as Redis).duplicate())
  try {
    await Promise.all([client, duplicate].map(answers))
    await client.call('CONFIG', 'SET', 'requirepass', 'second')
    read = () => 'second'
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no')
    await Promise.all([client, duplicate].map(answers))

    read = () => {
      throw new Error('ENOENT')
    }
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no')
    await Promise.all([client, duplicate].map(answers))
  } finally {
    client.disconnect()
    duplicate.disconnect()
    await server.stop()
  }
})

it('a Cluster client logs on to its nodes with the password of now', async () => {
  const cluster = await RedisCluster.start()
  let password = 'first'
  const set = (next: string) => cluster.each('ACL', 'SETUSER', 'app', 'resetpass', `>${next}`)
  await cluster.each('ACL', 'SETUSER', 'app', 'on', '~*', '&*', '+@all')
  await set(password)
  const settings = { mode: 'cluster', nodes: cluster.addresses, sentinelName: '', db: 0 } as const
  const client = quiet(
    connectRedis(
      { ...settings, username: 'app', password },
      { deadlineMs: 5_000, offlineQueue: true, current: () => ({ password }) },
    ),
  )
  try {
    await answers(client)
    password = 'second'
    await set(password)
    await cluster.each('CLIENT', 'KILL', 'USER', 'app')
    await answers(client)
    expect(await client.get('key')).toBe('value')
  } finally {
    client.disconnect()
    await cluster.stop()
  }
})

describe('one turn of the event loop', () => {
  let server: RedisServer
  let client: Redis
  beforeAll(async () => {
    server = await RedisServer.start()
    const settings = { nodes: [{ host: '127.0.0.1', port: server.port }], sentinelName: '', db: 0 }
    const options = { deadlineMs: 2_000, offlineQueue: true }
    client = quiet(connectRedis({ ...settings, mode: 'standalone' }, options)) as Redis
    await answers(client)
  })
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })

  it('what is sent in it, singly, in pipelines, transactions and as bytes, is answered each with its own', async () => {
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

  it('what is sent before the connection is ended in it is answered, once', async () => {
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    await client.set('count', 0)
    const counts = Array.from({ length: 20 }, () => client.incr('count'))
    client.disconnect(true)
    expect(await Promise.all(counts)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    await answers(client)
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
})
