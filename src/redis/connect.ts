import { Cluster, Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { RedisSettings } from '../config/redis-settings.js'

/** A client of either kind: what the stores and the registry are given. */
export type RedisClient = Redis | Cluster

// Short and jittered, so that all replicas find a Redis that is back within 250 ms, but not in the same moment.
const retryStrategy = () => 50 + Math.random() * 200

/**
 * Connects to Redis in the mode that the settings name; it keeps connecting until it is told to stop.
 * @param deadlineMs how long a caller waits at most: silence and lost addresses are given up well within it.
 * @param offlineQueue whether commands wait in the client while Redis is away (bounded by the deadline), for callers that
 *   don't try again by themselves; without it they fail at once.
 * @returns the client; listen to its `error` events.
 */
export function connectRedis(
  settings: RedisSettings,
  deadlineMs: number,
  offlineQueue: boolean,
): RedisClient {
  const options = {
    username: settings.username,
    password: settings.password,
    tls: settings.tls,
    db: settings.db,
    connectTimeout: Math.min(1_000, deadlineMs),
    // A frozen server or a lost address answers nothing, not even a reset: the silence itself is the sign.
    socketTimeout: Math.min(1_500, deadlineMs / 2),
    enableOfflineQueue: offlineQueue,
    // Of the retryStrategy's average delay; past the deadline nobody waits for the command any more.
    maxRetriesPerRequest: offlineQueue ? Math.floor(deadlineMs / 150) : 0,
    ...(offlineQueue ? { commandTimeout: deadlineMs } : {}),
    retryStrategy,
    // After a failover the old primary may still be there as a replica: find the new one. Scripts prefix the error.
    reconnectOnError: (error: Error) => error.message.includes('READONLY'),
  }
  switch (settings.mode) {
    case 'cluster':
      return new Cluster([...settings.nodes], {
        clusterRetryStrategy: retryStrategy,
        enableAutoPipelining: true,
        enableOfflineQueue: offlineQueue,
        redisOptions: options,
      })
    case 'sentinel':
      return gatherWrites(
        new Redis({
          ...options,
          sentinels: [...settings.nodes],
          name: settings.sentinelName,
          sentinelRetryStrategy: retryStrategy,
          enableTLSForSentinelMode: settings.tls !== undefined,
          sentinelTLS: settings.tls,
        }),
      )
    case 'standalone':
      return gatherWrites(new Redis({ ...options, ...settings.nodes[0] }))
  }
}

/** Logs when the connection is lost and when it is back; the errors of the attempts between only once each. */
export function reportConnection(client: RedisClient, log: Logger): void {
  let last: string | undefined
  client.on('error', (error: Error) => {
    if (error.message !== last) log.warn({ err: error }, 'Redis does not answer')
    last = error.message
  })
  client.on('ready', () => {
    log.info('Redis answers')
    last = undefined
  })
}

/** Leaves Redis in good manners, or at once where it doesn't answer. */
export async function quitRedis(client: RedisClient): Promise<void> {
  if (client.status === 'ready') await client.quit().catch(() => {})
  client.disconnect()
}

/** One write for what many requests send in the same turn of the event loop; at half the cost of ioredis' auto-pipelining. */
function gatherWrites(client: Redis): Redis {
  const send = client.sendCommand.bind(client)
  let gathering: Redis['stream'] | undefined
  client.sendCommand = (command, stream) => {
    const { stream: socket } = client
    if (client.status === 'ready' && socket !== gathering) {
      gathering = socket
      socket.cork()
      setImmediate(() => {
        socket.uncork()
        if (gathering === socket) gathering = undefined
      })
    }
    return send(command, stream)
  }
  return client
}
