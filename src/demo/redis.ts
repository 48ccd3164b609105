// The Redis of the platform, and how it is kept running.
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { portBeside } from './ports.js'
import { connectOnce, endLeftover, heartbeatClient } from './redis-contact.js'
import type { RedisProgram } from './redis-program.js'
import { inWords, SupervisedProcess } from './supervised-process.js'

const START_DEADLINE_MS = 30_000

/** The Redis of the local platform. */
export interface LocalRedis {
  readonly url: string | undefined
  /** What and where it is, for people; without a password. */
  readonly label: string
  /** Whether this platform runs it, and so may stop it. */
  readonly ours: boolean
  readonly running: boolean
  start(): Promise<void>
  /** Kills it (SIGKILL); it stays away until start(). */
  halt(): Promise<void>
  /** Ends it cleanly; its data stays. */
  stop(): Promise<void>
}

/**
 * @returns a Redis that others run, once it has answered.
 * @throws Error that names REDIS_URL where it doesn't answer.
 */
export async function externalRedis(url: string): Promise<LocalRedis> {
  const host = URL.canParse(url) ? new URL(url).host : 'that address'
  await connectOnce(url, async (client) => client.ping()).catch((error: Error) => {
    throw new Error(`REDIS_URL: Redis at ${host} does not answer (${error.message})`)
  })
  const notOurs = async () => {
    throw new Error(`Redis at ${host} is not ours to stop: REDIS_URL names it`)
  }
  return { url, label: host, ours: false, running: true, start: notOurs, halt: notOurs, stop: async () => {} }
}

/** @returns what stands for Redis on a machine that has none: enough for the memory store, and for nothing else. */
export function absentRedis(): LocalRedis {
  const none = async () => {
    throw new Error('there is no Redis on this machine: only the memory store runs here')
  }
  return {
    url: undefined,
    label: 'none on this machine; the memory store needs none',
    ours: false,
    running: true,
    start: none,
    halt: none,
    stop: async () => {},
  }
}

/**
 * Starts a Redis of our own on a free port of 127.0.0.1, with its data in a folder; started again when it dies.
 * @throws Error if it doesn't start, or if a demo that still runs has the data folder.
 */
export async function ownRedis(
  program: RedisProgram,
  dataFolder: string,
  balancerPort: number,
  say: (line: string) => void,
): Promise<LocalRedis> {
  const folder = join(dataFolder, 'redis')
  const portFile = join(dataFolder, 'redis.port')
  mkdirSync(folder, { recursive: true })
  const name = `redissessions-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 8)}`
  // Tells our Redis from any other; the file itself is never written, the data is in the append-only file.
  const mark = `${name}.rdb`
  await endLeftover(portFile, mark, say)

  const port = await portBeside(balancerPort, 'redis')
  writeFileSync(portFile, `${port}`)
  const logFile = join(dataFolder, 'logs', 'redis.log')
  writeFileSync(logFile, '')
  // always, not everysec: with everysec Redis holds back its write for up to 2 s while an fsync is slow, but
  // answers all the same; a kill would then lose visits that were acknowledged.
  const settings = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--dbfilename', mark]
  let starting = true
  const server = new SupervisedProcess({
    launch() {
      const log = openSync(logFile, 'a')
      const child = program.launch({ port, folder, name, log }, settings)
      closeSync(log)
      return child
    },
    kill: (child) => program.kill(child, name),
    onDeath(ending) {
      if (starting) return false
      say(`Redis ended (${inWords(ending)}): it is started again`)
      void up().then((back) => back && say('Redis is back with its data'))
      return true
    },
  })
  const client = heartbeatClient(`redis://127.0.0.1:${port}`)

  async function up(): Promise<boolean> {
    const deadline = Date.now() + START_DEADLINE_MS
    while (server.wanted && Date.now() < deadline) {
      if (await answers(client)) return true
      await pause(20)
    }
    return false
  }
  async function start(): Promise<void> {
    starting = true
    server.start()
    const started = await up()
    starting = false
    if (started) return
    await server.halt()
    throw new Error(`Redis (${program.label}) did not start: see ${logFile}`)
  }

  const stop = async () => {
    client.disconnect()
    await server.stop()
  }
  await start().catch(async (error) => {
    await stop()
    throw error
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    label: `127.0.0.1:${port} (${program.label})`,
    ours: true,
    get running() {
      return server.wanted
    },
    start,
    halt: () => server.halt(),
    stop,
  }
}

async function answers(client: Redis): Promise<boolean> {
  return client.ping().then(
    () => true,
    () => false,
  )
}
