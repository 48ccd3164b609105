import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { connectRedis, type RedisClient } from '../../../src/counter/redis/connect.js'
import { RedisCluster } from '../../support/redis-cluster.js'
import { RedisServer } from '../../support/redis-server.js'
import { until } from '../../support/until.js'

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
