// Each client that the store takes, connected as its own documentation says, but that it tries again soon.
import * as ioredis6 from 'ioredis'
import * as ioredis5 from 'ioredis-5'
import * as iovalkey from 'iovalkey'
import * as redis5 from 'redis-5'
import * as redis6 from 'redis-6'
import type { RedisSettings } from '../../src/counter/config/redis-settings.js'
import type { ExactRedisStoreOptions } from '../../src/store/index.js'

export type Client = ExactRedisStoreOptions['client']

export interface Connected {
  readonly client: Client
  end(): void
}

export type Connect = (redis: Pick<RedisSettings, 'mode' | 'nodes' | 'sentinelName'>) => Connected

const RETRY_MS = 20

interface Ioredis {
  on(event: 'error', listener: () => void): unknown
  disconnect(): void
}

function ioredis<C extends Client & Ioredis>(client: C): Connected {
  client.on('error', () => {})
  return { client, end: () => client.disconnect() }
}

interface NodeRedis {
  readonly isOpen: boolean
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

/** Not waited for: the store does. A Cluster that can't be reached at first is tried again by its user. */
function nodeRedis<C extends Client & NodeRedis>(client: C): Connected {
  client.on('error', () => {})
  let ended = false
  const connect = (): Promise<unknown> =>
    client.connect().catch(() => {
      if (!ended) setTimeout(connect, RETRY_MS)
    })
  void connect()
  const end = () => {
    ended = true
    if (client.isOpen) void client.destroy()
  }
  return { client, end }
}

const retryStrategy = () => RETRY_MS
const clusterRetryStrategy = retryStrategy
const reconnectStrategy = retryStrategy
const sentinelRetryStrategy = retryStrategy
// As for our app: after a failover the old primary may still be there as a replica.
const reconnectOnError = (error: Error) => error.message.includes('READONLY')

/** What is used of a version's module; their types differ. */
interface IoredisModule {
  Redis: new (options: object) => Client & Ioredis
  Cluster: new (nodes: object[], options: object) => Client & Ioredis
}

function ioredisOf(module: unknown): Connect {
  const { Redis, Cluster } = module as IoredisModule
  return ({ mode, nodes, sentinelName: name }) => {
    if (mode === 'cluster') return ioredis(new Cluster([...nodes], { clusterRetryStrategy }))
    const options = { retryStrategy, sentinelRetryStrategy, reconnectOnError }
    if (mode === 'sentinel') return ioredis(new Redis({ ...options, sentinels: [...nodes], name }))
    return ioredis(new Redis({ ...options, ...nodes[0] }))
  }
}

type NodeRedisModule = Record<
  'createClient' | 'createCluster' | 'createSentinel',
  (options: object) => Client & NodeRedis
>

function nodeRedisOf(module: unknown): Connect {
  const { createClient, createCluster, createSentinel } = module as NodeRedisModule
  return ({ mode, nodes, sentinelName: name }) => {
    if (mode === 'sentinel') {
      const nodeClientOptions = { socket: { reconnectStrategy } }
      return nodeRedis(createSentinel({ name, sentinelRootNodes: [...nodes], nodeClientOptions }))
    }
    const [first, ...more] = nodes.map((node) => ({ socket: { ...node, reconnectStrategy } }))
    return nodeRedis(
      mode === 'cluster' ? createCluster({ rootNodes: [first, ...more] }) : createClient({ ...first }),
    )
  }
}

export const CLIENTS = {
  'ioredis 6': ioredisOf(ioredis6),
  'ioredis 5': ioredisOf(ioredis5),
  iovalkey: ioredisOf(iovalkey),
  'node-redis 6': nodeRedisOf(redis6),
  'node-redis 5': nodeRedisOf(redis5),
} satisfies Record<string, Connect>

/** @returns the settings of one server. */
export function standalone(port: number) {
  return { mode: 'standalone', nodes: [{ host: '127.0.0.1', port }], sentinelName: '' } as const
}
