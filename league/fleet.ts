// Four instances of a stack behind a load balancer, with a separate Redis.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort, { portNumbers } from 'get-port'
import { redisServer } from '../src/demo/redis-program.js'
import { Audit } from './audit.js'
import { startBalancer } from './balancer.js'
import { Kept, type Usage, usageOf } from './processes.js'
import { run } from './run.js'
import { LEAGUE, type Stack } from './stack.js'

export const INSTANCES = 4
const START_MS = 90_000
/** As long as a cluster takes to start a container again. */
const RESTART_MS = 1_000
const REDIS_AWAY_MS = 3_000

export interface Fleet {
  url: string
  /** Has `instance-0.pid` and so on, and `redis.pid`. */
  folder: string
  /** What the apps need to log in. */
  env: Readonly<Record<string, string>>
  audit: Audit
  apps(): Usage
  redis(): Usage
  stop(): Promise<void>
}

/** @throws Error with the end of the log when an instance does not come up */
export async function startFleet({ name, folder: source, start, setUp = [] }: Stack): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), `league-${name}-`))
  const log = join(folder, 'log')
  const kept: Kept[] = []
  const removed = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removed)
  const stopAll = async () => {
    await Promise.all(kept.map((one) => one.stop()))
    process.off('exit', removed)
    removed()
  }
  try {
    const redis = await startRedis(folder, log)
    kept.push(redis.process)
    const cwd = join(LEAGUE, source)
    const env = environmentOf(folder, redis.port)
    for (const command of setUp) await run(command, cwd, env)
    const ports: number[] = []
    for (let index = 0; index < INSTANCES; index++) {
      const port = await portNear(22_000 + 1_000 * index)
      ports.push(port)
      const command = start.map((word) => word.replace('$PORT', String(port)))
      const own = { command, cwd, env: { ...env, PORT: String(port) }, log }
      kept.push(new Kept(own, join(folder, `instance-${index}.pid`), RESTART_MS))
    }
    for (const port of ports) await listens(port, START_MS)
    await Promise.all(ports.map(answers))
    const audit = new Audit()
    const balancer = await startBalancer(ports, audit)
    return {
      url: balancer.url,
      folder,
      env,
      audit,
      apps: () => usageOf(kept.slice(1).map(({ pid }) => pid)),
      redis: () => usageOf([redis.process.pid]),
      async stop() {
        await balancer.stop()
        await stopAll()
      },
    }
  } catch (cause) {
    const end = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n') : ''
    await stopAll()
    throw new Error(`${cause instanceof Error ? cause.message : cause}\n${end}`, { cause })
  }
}

/** It appends every write to disk: what a killed Redis forgets would be no stack's fault. */
async function startRedis(folder: string, log: string): Promise<{ process: Kept; port: number }> {
  const program = process.env.REDIS_SERVER ?? redisServer()
  if (!program) throw new Error('there is no redis-server')
  const port = await portNear(21_000)
  const file = join(folder, 'redis.conf')
  const settings = [`port ${port}`, 'bind 127.0.0.1', 'save ""', 'appendonly yes', 'appendfsync always']
  writeFileSync(file, [...settings, `dir ${folder}`].join('\n'))
  const redis = { command: [program, file], cwd: folder, env: {}, log }
  const kept = new Kept(redis, join(folder, 'redis.pid'), REDIS_AWAY_MS)
  await listens(port, 10_000)
  return { process: kept, port }
}

/** Below the ports that outgoing connections take: a killed instance must get its port again. */
function portNear(first: number): Promise<number> {
  return getPort({ host: '127.0.0.1', port: portNumbers(first, first + 500) })
}

function environmentOf(folder: string, redisPort: number): Record<string, string> {
  const user = { name: 'drill@example.org', password: 'correct horse battery staple' }
  const laravel = join(folder, 'laravel')
  mkdirSync(join(laravel, 'bootstrap/cache'), { recursive: true })
  return {
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    DRILL_USER: user.name,
    DRILL_PASSWORD: user.password,
    NODE_ENV: 'production',
    DATABASE: join(folder, 'django.sqlite3'),
    DJANGO_SUPERUSER_USERNAME: user.name,
    DJANGO_SUPERUSER_EMAIL: user.name,
    DJANGO_SUPERUSER_PASSWORD: user.password,
    LARAVEL_HOME: laravel,
    PHP_CLI_SERVER_WORKERS: '4',
  }
}

async function listens(port: number, patienceMs: number): Promise<void> {
  const until = performance.now() + patienceMs
  while (!(await accepts(port))) {
    if (performance.now() > until) throw new Error(`nothing listens on port ${port}`)
    await sleep(100)
  }
}

/** The first request may take a while. */
async function answers(port: number): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(START_MS) })
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
