// Runs one instance: reads the environment, listens, stops on a signal. The only file that touches `process`.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { compose } from './compose.js'
import { readRedis, readSecrets, readSettings, type Settings } from './config/settings.js'
import { SettingsError } from './config/settings-error.js'
import { watchSecrets } from './config/watch-secrets.js'
import { appServer } from './http/app-server.js'
import { drainConnections } from './http/drain-connections.js'
import { rememberSignatures } from './http/remember-signatures.js'
import type { ExitMode } from './instances/chaos-routes.js'
import { createLog } from './log.js'
import { metricsServer } from './metrics/metrics-server.js'
import { quitRedis } from './redis/connect.js'
import { reportConnection } from './redis/report-connection.js'

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
  const { session, instance } = settings
  const { log, flush } = createLog(settings.logLevel, instance)
  const exit = (mode: ExitMode) => process.kill(process.pid, mode === 'kill' ? 'SIGKILL' : 'SIGTERM')
  const currentRedis = () => readRedis(process.env)
  const tracing = settings.tracing
    ? (await import('./tracing/tracing.js')).startTracing(instance, log)
    : undefined
  const { app, limiter, store, metrics, readiness, client, registry } = compose(settings, {
    log,
    exit,
    currentRedis,
    trace: tracing?.middleware,
  })
  const report = client && reportConnection(client, log)
  if (session.secretsFromFile) watchSecrets(session.secrets, () => readSecrets(process.env), log)

  rememberSignatures()
  const server = appServer(app, limiter.listener(app))
  // Longer than proxies keep their idle connections: they end one, and we never do so while their next request is on its way.
  server.keepAliveTimeout = 120_000
  const metricsOnly = metricsServer(metrics)
  server.listen({ port: settings.port, host: settings.host })
  metricsOnly.listen({ port: settings.metricsPort, host: settings.host })
  await Promise.all([once(server, 'listening'), once(metricsOnly, 'listening')])

  if (session.store === 'memory') readiness.contact()
  const firstContact = async () => {
    try {
      await store.check()
      readiness.contact()
    } catch (error) {
      // After any other error the next heartbeat tries again.
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
    await drainConnections(server, session.deadlineMs + 1_000)
    await registry?.stop()
    if (client) await quitRedis(client)
    metricsOnly.close()
    await tracing?.stop().catch(() => {})
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
