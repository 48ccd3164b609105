import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort, { portNumbers } from 'get-port'
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
  /** What tells an instance where it is. */
  readonly environment: Readonly<Record<string, string>>
  usage(): Promise<RedisUsage>
}

type Hold = (command: readonly string[]) => readonly string[]

/**
 * @param held its command inside of what limits it
 * @throws Error where there is no redis-server.
 */
export async function startRedis(
  held: Hold = (command) => command,
  args: readonly string[] = [],
): Promise<BenchRedis> {
  const program = process.env.REDIS_SERVER ?? redisServer()
  if (!program) throw new Error('no redis-server here: npm run bench installs it')
  // The nodes of a Cluster talk to one another on the port 10,000 above.
  const port = await getPort({ host: '127.0.0.1', port: portNumbers(20_000, 29_999) })
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
  start(OTHER_CPU, held([program, ...quiet, ...args]), {})
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null })
  client.on('error', () => {})
  await client.ping()
  const url = `redis://127.0.0.1:${port}`
  return {
    url,
    client,
    environment: { REDIS_URL: url },
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

/** @returns the version of a server. */
export async function versionOf(client: Redis): Promise<string> {
  return /^redis_version:(\S+)/m.exec(await client.info('server'))?.[1] ?? ''
}

const SLOTS = 16_384

/** A Cluster without replicas; `client` is of its first primary. */
export async function startCluster(primaries: number, held: Hold): Promise<BenchRedis> {
  const nodes: BenchRedis[] = []
  while (nodes.length < primaries) nodes.push(await startRedis(held, ['--cluster-enabled', 'yes']))
  const [first] = nodes
  if (!first) throw new RangeError('a Cluster has a primary at least')
  const portOf = ({ url }: BenchRedis) => new URL(url).port
  const slots = Array.from({ length: SLOTS }, (_, slot) => slot)
  for (const [i, { client }] of nodes.entries()) {
    await client.call('CLUSTER', 'ADDSLOTS', ...slots.filter((slot) => slot % primaries === i).map(String))
    await client.call('CLUSTER', 'MEET', '127.0.0.1', portOf(first))
  }
  const isWhole = async ({ client }: BenchRedis) => {
    const info = String(await client.call('CLUSTER', 'INFO'))
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${primaries}`)
  }
  while (!(await Promise.all(nodes.map(isWhole))).every(Boolean))
    await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    ...first,
    environment: {
      REDIS_MODE: 'cluster',
      REDIS_NODES: nodes.map((node) => `127.0.0.1:${portOf(node)}`).join(','),
    },
    async usage() {
      const all = await Promise.all(nodes.map((node) => node.usage()))
      const sum = (name: keyof RedisUsage) => all.reduce((total, usage) => total + usage[name], 0)
      return { cpu: sum('cpu'), commands: sum('commands'), bytes: sum('bytes') }
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
