import { Redis } from 'ioredis'
import { afterAll, beforeEach } from 'vitest'
import { RedisServer } from './redis-server.js'

/** Starts a Redis for the tests of this file: empty before each of them, ended after all. */
export async function useRedis(...args: string[]): Promise<{ server: RedisServer; client: Redis }> {
  const server = await RedisServer.start(...args)
  const client = new Redis(server.port, '127.0.0.1')
  beforeEach(async () => {
    await client.flushall()
  })
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })
  return { server, client }
}
