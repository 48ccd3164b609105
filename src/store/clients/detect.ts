// Tells the Redis clients apart by what they can do.
import type { StoreClient } from './client.js'
import { type IoredisClient, type IoredisCluster, ioredisClient } from './ioredis.js'
import { nodeRedisClient } from './node-redis.js'
import type { NodeRedisClient } from './node-redis-base.js'
import type { NodeRedisCluster } from './node-redis-cluster.js'
import type { NodeRedisSentinel } from './node-redis-sentinel.js'

/**
 * A client that the store works with: `Redis` (with or without Sentinels) or `Cluster` of ioredis or iovalkey; `createClient`,
 * `createCluster` or `createSentinel` of node-redis 5 or later.
 * @example
 * const client = createClient({ url: 'redis://127.0.0.1:6379' })
 * await client.connect()
 * const store = new ExactRedisStore({ client })
 */
export type RedisClient =
  | IoredisClient
  | IoredisCluster
  | NodeRedisClient
  | NodeRedisCluster
  | NodeRedisSentinel

/** By the user's client: stores on the same one share it. */
const known = new WeakMap<object, StoreClient>()

/** @throws TypeError for anything else. */
export function storeClient(client: unknown): StoreClient {
  if (typeof client === 'object' && client !== null) {
    const found = known.get(client) ?? ioredisClient(client) ?? nodeRedisClient(client)
    if (found) {
      known.set(client, found)
      return found
    }
  }
  throw new TypeError(
    `client: expected a client of ioredis or iovalkey (Redis or Cluster), or of node-redis 5 or later (createClient, createCluster or createSentinel), found ${named(client)}`,
  )
}

/** Never its content: there may be a password in a URL. */
function named(client: unknown): string {
  if (typeof client !== 'object' || client === null) return client === null ? 'null' : typeof client
  if ('then' in client) return 'a promise: await it'
  if ('evalsha' in client && !('sendCommand' in client))
    return 'a mock of ioredis, which lacks what scripts need: use a real Redis'
  if ('customCommand' in client) return 'a client of valkey-glide'
  if (!('sendCommand' in client)) return 'an object of another kind'
  if ('destroy' in client) return 'a pool of node-redis'
  return 'isOpen' in client ? 'a client of node-redis 4' : 'the legacy mode of node-redis'
}
