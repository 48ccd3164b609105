// Instances of one set-up with a Redis or a Cluster of their own, each process with a share of a core.
import { type CpuLimit, cpuLimit } from './cpu-limit.js'
import { load } from './load.js'
import { usageOf } from './process.js'
import { type BenchRedis, startCluster, startRedis } from './redis.js'
import type { Round } from './scaling-steps.js'
import { type Server, startServer } from './server.js'
import type { SetUp } from './set-ups.js'

interface FleetOptions {
  readonly setUp: SetUp
  readonly instances: number
  /** Of a Cluster; 1 for a single Redis. */
  readonly primaries: number
  readonly sessions: number
  /** The program that runs the instances. */
  readonly node: string
}

/** Of a core, for each process of a kind; undefined: what there is. */
interface Shares {
  readonly instances?: number
  readonly redis?: number
}

type Limits = Readonly<Record<keyof Shares, CpuLimit[]>>

export class Fleet {
  readonly #redis: BenchRedis
  readonly #servers: readonly Server[]
  readonly #limits: Limits
  #cookies: readonly string[]

  private constructor(
    redis: BenchRedis,
    servers: readonly Server[],
    limits: Limits,
    cookies: readonly string[],
  ) {
    this.#redis = redis
    this.#servers = servers
    this.#limits = limits
    this.#cookies = cookies
  }

  /** Starts all, without limits yet, and makes the sessions. */
  static async start({ setUp, instances, primaries, sessions, node }: FleetOptions): Promise<Fleet> {
    const limits: Limits = { instances: [], redis: [] }
    const limited = (kind: keyof Shares) => (command: readonly string[]) => {
      const limit = cpuLimit()
      if (!limit) return command
      limits[kind].push(limit)
      return limit.group.inside(command)
    }
    const held = limited('redis')
    const redis = await (primaries > 1 ? startCluster(primaries, held) : startRedis(held))
    const servers: Server[] = []
    for (let index = 0; index < instances; index += 1) {
      const own = { ...setUp.environment, ...redis.environment, CF_INSTANCE_INDEX: `${index}` }
      servers.push(await startServer(limited('instances')([node, setUp.program]), own, '/api/session'))
    }
    return new Fleet(redis, servers, limits, await visitors(servers[0]?.port ?? 0, sessions))
  }

  /** @returns false if this process may not limit others. */
  limit(shares: Shares): boolean {
    for (const kind of ['instances', 'redis'] as const)
      for (const limit of this.#limits[kind]) limit.set(shares[kind])
    return this.#limits.redis.length > 0
  }

  /** Visits so many of its instances for some seconds. */
  async round(instances: number, connections: number, seconds: number): Promise<Round> {
    const asked = this.#servers.slice(0, instances)
    // Each session is at another connection, so at another instance, than in the round before.
    this.#cookies = [...this.#cookies.slice(1), ...this.#cookies.slice(0, 1)]
    const used = async () => ({
      instances: asked.reduce((sum, { child }) => sum + usageOf(child).cpu, 0),
      redis: (await this.#redis.usage()).cpu,
      load: process.cpuUsage().user + process.cpuUsage().system,
    })
    const ports = asked.map(({ port }) => port)
    const before = await used()
    const result = await load({ ports, path: '/', cookies: this.#cookies, connections, seconds })
    const after = await used()
    const requests = result.answered + result.failed
    const [ofInstances, ofRedis] = [after.instances - before.instances, after.redis - before.redis]
    return {
      rate: requests / result.seconds,
      p99: result.p99,
      instanceCpu: (ofInstances / requests) * 1e6,
      redisCpu: (ofRedis / requests) * 1e6,
      loadCpu: (after.load - before.load) / requests,
      redisCores: ofRedis / result.seconds,
      instanceCores: ofInstances / result.seconds / instances,
      failed: result.failed,
    }
  }
}

async function visitors(port: number, sessions: number): Promise<string[]> {
  const cookieOf = async () => {
    const { headers } = await fetch(`http://127.0.0.1:${port}/`)
    return headers.get('set-cookie')?.split(';')[0] ?? ''
  }
  const found: string[] = []
  while (found.length < sessions) found.push(...(await Promise.all(Array.from({ length: 20 }, cookieOf))))
  return found
}
