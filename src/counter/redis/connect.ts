// Connects to Redis so that a server that is silent, lost or back again is noticed well within the deadline of a request.
import { createSecureContext } from 'node:tls'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisSettings } from '../config/redis-settings.js'

/** What the stores and the registry are given. */
export type RedisClient = Redis | Cluster

type Credentials = Pick<RedisSettings, 'username' | 'password' | 'tls'>

interface ConnectOptions {
  /** How long a caller waits at most, in ms. */
  readonly deadlineMs: number
  /**
   * Whether commands wait in the client while Redis is down (within the deadline), for callers that don't retry. Without it they
   * fail at once.
   */
  readonly offlineQueue: boolean
  /**
   * Reads again what can change while the process runs: password and certificates. Asked before each further connection; if it
   * throws, what was read last stays. Default: nothing changes.
   */
  readonly current?: () => Credentials | undefined
}

// Short and jittered: all instances find a Redis that is back within 250 ms, but not in the same moment.
const retryDelay = () => 50 + Math.random() * 200

/**
 * Connects in the mode that the settings name, and keeps connecting until it is told to stop.
 * @returns the client; listen to its `error` events.
 */
export function connectRedis(
  settings: RedisSettings,
  { deadlineMs, offlineQueue, current = () => settings }: ConnectOptions,
): RedisClient {
  const renew = (options: RedisOptions) => {
    try {
      const found = current()
      if (!found) return
      const { username = options.username, password = options.password, tls } = found
      // A key that doesn't fit its certificate, as between two writes, would end the client for good.
      if (tls) createSecureContext(tls)
      Object.assign(options, { username, password, tls })
      if (options.sentinels) options.sentinelTLS = tls
    } catch {
      // Half written, or missing for a moment: Redis itself says whether the old ones are still good.
    }
  }
  const options = {
    username: settings.username,
    password: settings.password,
    tls: settings.tls,
    db: settings.db,
    connectTimeout: Math.min(1_000, deadlineMs),
    // A frozen server or a lost address sends nothing, not even a reset: silence is the only sign.
    socketTimeout: Math.min(1_500, deadlineMs / 2),
    enableOfflineQueue: offlineQueue,
    // Of the average delay; past the deadline nobody waits for the command any more.
    maxRetriesPerRequest: offlineQueue ? Math.floor(deadlineMs / 150) : 0,
    ...(offlineQueue ? { commandTimeout: deadlineMs } : {}),
    // Called on the options of the client that is about to connect; a duplicate has its own.
    retryStrategy(this: RedisOptions) {
      renew(this)
      return retryDelay()
    },
    // After a failover the old primary may still be there as a replica: find the new one. Scripts prefix the error.
    reconnectOnError: (error: Error) => error.message.includes('READONLY'),
  }
  switch (settings.mode) {
    case 'cluster': {
      const cluster = new Cluster([...settings.nodes], {
        clusterRetryStrategy: retryDelay,
        enableOfflineQueue: offlineQueue,
        redisOptions: options,
        // The client would connect to the address of a name, which the server's certificate doesn't have.
        ...(settings.tls && { dnsLookup: (name, done) => done(null, name) }),
      })
      // A Cluster never connects a node again: it makes a new one.
      return cluster.on('+node', (node: Redis) => {
        renew(node.options)
        keepErrors(node, cluster)
      })
    }
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: [...settings.nodes],
        name: settings.sentinelName,
        // While no Sentinel answers, the client's own strategy isn't asked.
        sentinelRetryStrategy(this: RedisOptions) {
          renew(this)
          return retryDelay()
        },
        // A frozen Sentinel takes a connection and never answers: the next one is asked.
        sentinelCommandTimeout: options.connectTimeout,
        enableTLSForSentinelMode: settings.tls !== undefined,
        sentinelTLS: settings.tls,
      })
    case 'standalone':
      return new Redis({ ...options, ...settings.nodes[0] })
  }
}

/**
 * A Cluster asks a node for its slots by a duplicate of the connection, and drops the error that this one ends with: without it
 * nobody knows why the Cluster can't be used.
 */
function keepErrors(node: Redis, cluster: Cluster): void {
  const duplicate = node.duplicate.bind(node)
  node.duplicate = (override) => duplicate(override).on('error', (error) => cluster.emit('node error', error))
}

/** Disconnects gracefully, or immediately if Redis isn't responding. */
export async function quitRedis(client: RedisClient): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => {})
  client.disconnect()
}
