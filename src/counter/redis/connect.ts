import { createSecureContext } from 'node:tls'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { Logger } from 'pino'
import type { RedisSettings } from '../config/redis-settings.js'
import { gatherAllWrites, gatherWrites } from './gather-writes.js'

/** A client of either kind: what the stores and the registry are given. */
export type RedisClient = Redis | Cluster

type Credentials = Pick<RedisSettings, 'username' | 'password' | 'tls'>

interface ConnectOptions {
  /** How long a caller waits at most, in ms: silence and lost addresses are given up well within it. */
  readonly deadlineMs: number
  /**
   * Whether commands wait in the client while Redis is away (bounded by the deadline), for callers that don't try again by
   * themselves; without it they fail at once.
   */
  readonly offlineQueue: boolean
  /**
   * Reads anew what can change while the process runs: password and certificates. Asked before each further connection; where
   * it throws, what was last read stays. Default: nothing changes.
   */
  readonly current?: () => Credentials | undefined
}

// Short and jittered, so that all replicas find a Redis that is back within 250 ms, but not in the same moment.
const retryDelay = () => 50 + Math.random() * 200

/**
 * Connects to Redis in the mode that the settings name; it keeps connecting until it is told to stop.
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
      // Half written, or not there for a moment: Redis says by itself whether the old ones still do.
    }
  }
  const options = {
    username: settings.username,
    password: settings.password,
    tls: settings.tls,
    db: settings.db,
    connectTimeout: Math.min(1_000, deadlineMs),
    // A frozen server or a lost address answers nothing, not even a reset: the silence itself is the sign.
    socketTimeout: Math.min(1_500, deadlineMs / 2),
    enableOfflineQueue: offlineQueue,
    // Of the average delay; past the deadline nobody waits for the command any more.
    maxRetriesPerRequest: offlineQueue ? Math.floor(deadlineMs / 150) : 0,
    ...(offlineQueue ? { commandTimeout: deadlineMs } : {}),
    // Called on the options of the client that is about to connect: those of its duplicates are their own.
    retryStrategy(this: RedisOptions) {
      renew(this)
      return retryDelay()
    },
    // After a failover the old primary may still be there as a replica: find the new one. Scripts prefix the error.
    reconnectOnError: (error: Error) => error.message.includes('READONLY'),
  }
  switch (settings.mode) {
    case 'cluster':
      return new Cluster([...settings.nodes], {
        clusterRetryStrategy: retryDelay,
        enableOfflineQueue: offlineQueue,
        redisOptions: options,
        // A Cluster never connects a node again: it makes a new one.
      }).on('+node', (node: Redis) => renew(gatherWrites(node).options))
    case 'sentinel':
      return gatherAllWrites(
        new Redis({
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
        }),
      )
    case 'standalone':
      return gatherAllWrites(new Redis({ ...options, ...settings.nodes[0] }))
  }
}

/**
 * Logs when the connection is lost, or Redis refuses, and when all is well again; between, each cause once (digits aside:
 * delays, ports).
 * @returns what to tell of each sign of life that was asked for: the error it ended with, if any.
 */
export function reportConnection(client: RedisClient, log: Logger): (error?: Error) => void {
  const told = new Set<string>()
  const warn = (error: Error, what: string) => {
    const cause = error.message.replace(/\d+(\.\d+)?/g, '#')
    if (!told.has(cause)) log.warn({ err: error }, what)
    told.add(cause)
  }
  const well = () => {
    log.info('Redis answers')
    told.clear()
  }
  client.on('error', (error: Error) => warn(error, 'Redis does not answer'))
  client.on('ready', well)
  return (error) => {
    // A disk that is full, memory that is used up: the connection is fine.
    if (error?.name === 'ReplyError') warn(error, 'Redis refuses')
    else if (!error && told.size > 0) well()
  }
}

/** Leaves Redis in good manners, or at once where it doesn't answer. */
export async function quitRedis(client: RedisClient): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => {})
  client.disconnect()
}
