// Makes the parts of one instance from its settings, for server.ts and for tests; nothing listens or beats yet.
import type { Express, RequestHandler } from 'express'
import type { Logger } from 'pino'
import { createApp } from './app.js'
import type { RedisSettings } from './config/redis-settings.js'
import type { Settings } from './config/settings.js'
import { ConnectionLimiter } from './http/connection-limits.js'
import { Readiness } from './http/health-routes.js'
import type { ExitMode } from './instances/chaos-routes.js'
import { IndexLease } from './instances/index-lease.js'
import { InstanceRegistry } from './instances/instance-registry.js'
import { singleInstance } from './instances/instances.js'
import { Metrics } from './metrics/metrics.js'
import { connectRedis, type RedisClient } from './redis/connect.js'
import { openStore } from './stores/open-store.js'
import type { CounterStore } from './visit/counter-store.js'

interface Process {
  readonly log: Logger
  /** Ends this process. */
  readonly exit: (mode: ExitMode) => void
  /** Reads again what may change while the process runs: Redis' password and certificates. Default: nothing changes. */
  readonly currentRedis?: () => RedisSettings | undefined
  /** Makes a span of each request. */
  readonly trace?: RequestHandler | undefined
}

export interface Parts {
  readonly app: Express
  readonly limiter: ConnectionLimiter
  readonly store: CounterStore
  readonly metrics: Metrics
  readonly readiness: Readiness
  /** undefined without Redis, as is the registry. */
  readonly client: RedisClient | undefined
  readonly registry: InstanceRegistry | undefined
}

export function compose(settings: Settings, { log, exit, currentRedis, trace }: Process): Parts {
  const { session, redis, keyPrefix, indexGroup } = settings
  const metrics = new Metrics()
  const readiness = new Readiness()
  const client =
    redis &&
    connectRedis(redis, {
      deadlineMs: session.deadlineMs,
      // The exact store retries on its own.
      offlineQueue: session.store !== 'exact',
      ...(currentRedis && { current: currentRedis }),
    })
  // A copy: the lease may give it an index.
  const instance = { ...settings.instance }
  const store = openStore({ settings, client, instance, metrics })
  const startedAt = Date.now()
  const indexes = `${keyPrefix}redissessions:indexes:${indexGroup}`
  const lease = client && indexGroup !== undefined ? new IndexLease(client, indexes, instance) : undefined
  const registry = client && new InstanceRegistry({ client, keyPrefix, instance, startedAt, lease })
  const instances = registry ?? singleInstance(instance, startedAt)
  const app = createApp({ settings, store, instance, instances, readiness, metrics, log, exit, trace })
  return {
    app,
    limiter: new ConnectionLimiter(settings.connections),
    store,
    metrics,
    readiness,
    client,
    registry,
  }
}
