// Tells the Redis clients apart by what they can do.
import type { PrepareConnection, StoreClient } from './client.js'
import { type IoredisClient, type IoredisCluster, ioredisClient } from './ioredis.js'
import {
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisSentinel,
  nodeRedisClient,
} from './node-redis.js'

/**
 * A client that the store works with: `Redis` (with or without Sentinels) or `Cluster` of ioredis or iovalkey; `createClient`,
 * `createCluster` or `createSentinel` of node-redis 5 or later.
 */
export type RedisClient =
  | IoredisClient
  | IoredisCluster
  | NodeRedisClient
  | NodeRedisCluster
  | NodeRedisSentinel

/** By the user's client: stores on the same one share it. */
const known = new WeakMap<
  object,
  { readonly client: StoreClient; readonly prepare: PrepareConnection | undefined }
>()

/** @throws TypeError for anything else. */
export function storeClient(client: unknown, prepare: PrepareConnection | undefined): StoreClient {
  const earlier = known.get(client as object)
  if (earlier && earlier.prepare === prepare) return earlier.client
  const found =
    typeof client === 'object' &&
    client !== null &&
    (ioredisClient(client, prepare) ?? nodeRedisClient(client, prepare))
  if (!found) {
    throw new TypeError(
      'client: expected a client of ioredis or iovalkey (Redis or Cluster), or of node-redis 5 or later (createClient, createCluster or createSentinel)',
    )
  }
  known.set(client as object, { client: found, prepare })
  return found
}
