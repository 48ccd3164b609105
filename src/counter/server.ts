import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createApp } from './app.js'
import { followSecrets } from './config/follow-secrets.js'
import { readRedis, readSecrets, readSettings, type Settings } from './config/settings.js'
import { SettingsError } from './config/settings-error.js'
import { appServer } from './http/app-server.js'
import { closeServer } from './http/close-server.js'
import { ConnectionLimiter } from './http/connection-limits.js'
import { Readiness } from './http/health.js'
import { IndexLease } from './instances/index-lease.js'
import { Registry } from './instances/instance-registry.js'
import { onlyThis } from './instances/instances.js'
import type { ExitMode } from './instances/instances-router.js'
import { createLog } from './log.js'
import { Metrics } from './metrics/metrics.js'
import { metricsServer } from './metrics/metrics-server.js'
import { connectRedis, quitRedis, reportConnection } from './redis/connect.js'
import { openStore } from './stores/open-store.js'

const EXIT_CONFIG = 78 // EX_CONFIG of sysexits.h

try {
  await serve(readSettings(process.env))
} catch (error) {
  const { code, syscall, port } = error as { code?: string; syscall?: string; port?: number }
  if (error instanceof SettingsError) fail(EXIT_CONFIG, error.message)
  if (code === 'EADDRINUSE') fail(1, `port ${port} is taken; expected a free one in PORT and METRICS_PORT`)
  if (syscall === 'listen' || syscall === 'getaddrinfo') {
    fail(
      EXIT_CONFIG,
      `HOST, PORT: can't listen there (${code}); expected an address of this machine and a port it may use`,
    )
  }
  throw error
}

async function serve(settings: Settings): Promise<void> {
  const { indexGroup, session, redis } = settings
  // A copy: a lease may give it an index.
  const instance = { ...settings.instance }
  const { log, flush } = createLog(settings.logLevel, instance)
  const metrics = new Metrics()
  const readiness = new Readiness()

  const client =
    redis &&
    connectRedis(redis, {
      deadlineMs: session.deadlineMs,
      // The exact store sends again by itself.
      offlineQueue: session.store !== 'exact',
      current: () => readRedis(process.env),
    })
  const report = client && reportConnection(client, log)
  const store = openStore(session, client, metrics)
  if (session.secretsFromFile) followSecrets(session.secrets, () => readSecrets(process.env), log)
  const startedAt = Date.now()
  const lease = client && indexGroup !== undefined ? new IndexLease(client, indexGroup, instance) : undefined
  const registry = client && new Registry(client, instance, startedAt, lease)

  const exit = (mode: ExitMode) => process.kill(process.pid, mode === 'kill' ? 'SIGKILL' : 'SIGTERM')
  const replicas = registry ?? onlyThis(instance, startedAt)
  const parts = { settings, store, instance, replicas, readiness, metrics, log, exit }
  const app = createApp(parts)
  const limiter = new ConnectionLimiter(settings.connections)
  const server = appServer(app, limiter.listener(app))
  // Longer than proxies keep theirs idle, so that they end a connection, never we in the moment of their next request.
  server.keepAliveTimeout = 120_000
  const metricsOnly = metricsServer(metrics)

  server.listen({ port: settings.port, host: settings.host })
  metricsOnly.listen({ port: settings.metricsPort, host: settings.host })
  await Promise.all([once(server, 'listening'), once(metricsOnly, 'listening')])
  if (session.store === 'memory') readiness.contact()
  const firstContact = async () => {
    try {
      await store.check?.()
      readiness.contact()
    } catch (error) {
      // What else it may be, the next sign of life tells.
      if (error instanceof SettingsError) fail(EXIT_CONFIG, error.message)
    }
  }
  registry?.start((error) => {
    metrics.redisUp(!error)
    report?.(error)
    if (!error && readiness.state === 'starting') void firstContact()
  })
  const stop = async (signal: NodeJS.Signals) => {
    process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1))
    log.info({ signal, delayMs: settings.shutdownDelayMs }, 'stopping')
    readiness.stop()
    limiter.drain()
    await pause(settings.shutdownDelayMs)
    await closeServer(server, session.deadlineMs + 1_000)
    await registry?.stop()
    if (client) await quitRedis(client)
    metricsOnly.close()
    log.info('stopped')
    flush()
    process.exit(0)
  }
  process.once('SIGTERM', stop).once('SIGINT', stop)

  const { port } = server.address() as AddressInfo
  const { port: metricsPort } = metricsOnly.address() as AddressInfo
  log.info({ port, metricsPort, store: session.store, index: instance.index }, 'listening')
}

function fail(code: number, line: string): never {
  process.stderr.write(`redissessions: ${line}\n`)
  process.exit(code)
}
