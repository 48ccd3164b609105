import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { Redis } from 'ioredis'
import { redisServer } from '../src/demo/redis-program.js'
import { OTHER_CPU, start, whenThisEnds } from './process.js'

/** What Redis has done so far. */
export interface RedisUsage {
  /** s of CPU */
  readonly cpu: number
  readonly commands: number
  /** bytes, in and out */
  readonly bytes: number
}

/** A Redis of the bench's own, which writes nothing to disk. */
export interface BenchRedis {
  readonly url: string
  readonly client: Redis
  usage(): Promise<RedisUsage>
}

/**
 * @param held its command inside of what limits it
 * @throws Error where there is no redis-server.
 */
export async function startRedis(
  held: (command: readonly string[]) => readonly string[] = (command) => command,
): Promise<BenchRedis> {
  const program = process.env.REDIS_SERVER ?? redisServer()
  if (!program) throw new Error('no redis-server here: npm run bench installs it')
  const port = await getPort({ host: '127.0.0.1' })
  const folder = mkdtempSync(join(tmpdir(), 'redissessions-bench-'))
  whenThisEnds(() => rmSync(folder, { recursive: true, force: true }))
  const quiet = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
  ]
  start(OTHER_CPU, held([program, ...quiet]), {})
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null })
  client.on('error', () => {})
  await client.ping()
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    async usage() {
      const info = await client.info()
      const number = (name: string) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1])
      return {
        cpu: number('used_cpu_user') + number('used_cpu_sys'),
        commands: await commandsOf(client),
        bytes: number('total_net_input_bytes') + number('total_net_output_bytes'),
      }
    },
  }
}

// What stores send; a script's own commands have other names, and are its own affair.
const SENT = ['evalsha', 'eval', 'hgetall', 'get', 'getex', 'set', 'setex', 'expire', 'del']

async function commandsOf(client: Redis): Promise<number> {
  const stats = await client.info('commandstats')
  const calls = (name: string) =>
    Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0)
  return SENT.reduce((sum, name) => sum + calls(name), 0)
}
