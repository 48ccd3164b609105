// A client of node-redis 5 or 6, as the store sees it: createClient, createCluster, or createSentinel.
import type { Commands, Location, OwnConnection, PrepareConnection, StoreClient } from './client.js'
import {
  guard,
  NodeRedis,
  type NodeRedisClient,
  OWN_OPTIONS,
  OwnClient,
  oneShot,
  optionsOf,
} from './node-redis-base.js'
import { Clustered, type NodeRedisCluster } from './node-redis-cluster.js'
import { BySentinels, type NodeRedisSentinel } from './node-redis-sentinel.js'

/** A client of one server. */
class Single extends NodeRedis {
  readonly #client: NodeRedisClient

  constructor(client: NodeRedisClient) {
    super(client, (args) => client.sendCommand(args, OWN_OPTIONS))
    this.#client = client
    guard(client)
  }

  primaries(): Commands[] {
    return [this]
  }

  primaryOf(): string {
    return ''
  }

  locationOf(): Location {
    const { socket: { host, port, path } = {}, database = 0 } = optionsOf(this.#client)
    return path ? { host: path, database } : { host: host ?? 'localhost', port: port ?? 6379, database }
  }

  open(_primary: string, prepare: PrepareConnection | undefined): OwnConnection {
    return this.own(new OwnClient(Promise.resolve(oneShot(this.#client)), prepare))
  }
}

/** @returns the store's view of a client of node-redis 5 or later; undefined if it is none. */
export function nodeRedisClient(client: object): StoreClient | undefined {
  // The legacy mode takes callbacks; version 4 knows no destroy(), and a pool doesn't say whether it is ready.
  if (!('sendCommand' in client && 'isOpen' in client && 'destroy' in client)) return undefined
  if ('masters' in client && 'nodeClient' in client)
    return new Clustered(client as unknown as NodeRedisCluster)
  if ('getMasterNode' in client) return new BySentinels(client as unknown as NodeRedisSentinel)
  const isClient = 'duplicate' in client && 'isReady' in client
  return isClient ? new Single(client as unknown as NodeRedisClient) : undefined
}
