import type { Express } from 'express'
import { pino } from 'pino'
import type { Response } from 'supertest'
import { createApp } from '../../src/counter/app.js'
import type { Environment } from '../../src/counter/config/environment.js'
import { readSettings } from '../../src/counter/config/settings.js'
import { Readiness } from '../../src/counter/http/health.js'
import { Registry } from '../../src/counter/instances/instance-registry.js'
import { onlyThis } from '../../src/counter/instances/instances.js'
import type { ExitMode } from '../../src/counter/instances/instances-router.js'
import { Metrics } from '../../src/counter/metrics/metrics.js'
import { connectRedis, type RedisClient } from '../../src/counter/redis/connect.js'
import { openStore } from '../../src/counter/stores/open-store.js'

/** The counter in this process, as the entry composes it, with its parts at hand. */
export interface Counter {
  readonly app: Express
  readonly client: RedisClient | undefined
  readonly metrics: Metrics
  readonly readiness: Readiness
  /** The lines that it logged. */
  readonly log: string[]
  readonly exits: ExitMode[]
  close(): void
}

export function createCounter(environment: Environment): Counter {
  const settings = readSettings(environment)
  const { session, redis, instance } = settings
  const log: string[] = []
  const logger = pino({ level: settings.logLevel }, { write: (line) => log.push(line) })
  const metrics = new Metrics()
  const readiness = new Readiness()
  const exits: ExitMode[] = []
  const client =
    redis && connectRedis(redis, { deadlineMs: session.deadlineMs, offlineQueue: session.store !== 'exact' })
  client?.on('error', () => {})
  const startedAt = Date.now()
  const app = createApp({
    settings,
    store: openStore(session, client, metrics),
    instance,
    replicas: client ? new Registry(client, instance, startedAt) : onlyThis(instance, startedAt),
    readiness,
    metrics,
    log: logger,
    exit: (mode) => exits.push(mode),
  })
  return { app, client, metrics, readiness, log, exits, close: () => client?.disconnect() }
}

/** @returns the cookie that an answer sets, as a browser sends it back. */
export function cookieOf(response: Response): string {
  return String(response.get('Set-Cookie')?.[0]).split(';')[0] ?? ''
}
