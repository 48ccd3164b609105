import { load } from './load.js'
import { inMemoryOf, type MemoryLimit } from './memory-limit.js'
import { usageOf } from './process.js'
import type { BenchRedis } from './redis.js'
import { endServer, type Server, startServer } from './server.js'
import { enlarge } from './session-data.js'
import type { SetUp } from './set-ups.js'
import type { Workload } from './workloads.js'

const CONNECTIONS = 32

/** One round of one workload. */
export interface Round {
  readonly rate: number
  /** ms */
  readonly p50: number
  readonly p99: number
  /** µs of the server's CPU, and of Redis', for each request */
  readonly cpu: number
  readonly redisCpu: number
  readonly commands: number
  readonly bytes: number
  readonly failed: number
  readonly acknowledged: number
}

/** bytes that a process has of its own, and that it, or its container, had at its highest in all. */
export interface Memory {
  readonly anonymous: number
  readonly peak: number
  /** How often the kernel killed it for lack of memory; undefined where nothing holds it to its memory. */
  readonly kills: number | undefined
}

/** A set-up that runs: one process, and the visitors that it has had. */
export class Subject {
  readonly setUp: SetUp
  readonly #server: Server
  /** What holds it to its memory, where it is to have little and may be held. */
  readonly #held: MemoryLimit | undefined
  readonly #redis: BenchRedis
  readonly #cookies = new Map<string, readonly string[]>()

  private constructor(setUp: SetUp, server: Server, redis: BenchRedis, held: MemoryLimit | undefined) {
    this.setUp = setUp
    this.#held = held
    this.#server = server
    this.#redis = redis
  }

  /** Starts it; returns when it answers. @throws Error where it ends instead. */
  static async start(setUp: SetUp, node: string, redis: BenchRedis): Promise<Subject> {
    const program = [node, setUp.program]
    const contained = setUp.memory ? inMemoryOf(setUp.memory, program) : undefined
    const environment = { REDIS_URL: redis.url, ...setUp.environment, ...contained?.environment }
    const server = await startServer(contained?.command ?? program, environment, '/api/session')
    return new Subject(setUp, server, redis, contained?.held)
  }

  /** What a workload needs to have been there before. */
  async prepare({ name, sessions, extra }: Workload): Promise<void> {
    const before = new Set(await this.#redis.client.keys('*'))
    const cookies: string[] = []
    while (cookies.length < sessions) {
      const response = await this.#ask('/')
      cookies.push(response.headers.get('set-cookie')?.split(';')[0] ?? '')
    }
    this.#cookies.set(name, cookies)
    if (extra === 0) return
    const made = (await this.#redis.client.keys('*')).filter((key) => !before.has(key))
    await enlarge(this.#redis.client, made, extra)
  }

  /**
   * Runs a workload for so many seconds.
   * @param rate requests/s; undefined: as many as it answers
   */
  async round({ name, path, sessions }: Workload, seconds: number, rate?: number): Promise<Round> {
    const cookies = sessions > 0 ? this.#cookies.get(name) : undefined
    const { port, child } = this.#server
    const [cpu, redis] = [usageOf(child).cpu, await this.#redis.usage()]
    const result = await load({ ports: [port], path, cookies, connections: CONNECTIONS, seconds, rate })
    const [cpuAfter, redisAfter] = [usageOf(child).cpu, await this.#redis.usage()]
    const acknowledged = result.answered
    const requests = acknowledged + result.failed
    return {
      rate: requests / result.seconds,
      p50: result.p50,
      p99: result.p99,
      cpu: ((cpuAfter - cpu) / requests) * 1e6,
      redisCpu: ((redisAfter.cpu - redis.cpu) / requests) * 1e6,
      commands: (redisAfter.commands - redis.commands) / requests,
      bytes: (redisAfter.bytes - redis.bytes) / requests,
      failed: result.failed,
      acknowledged,
    }
  }

  /** @returns how many visits the sessions of a workload have; undefined where none is counted. */
  async visits({ name, path, sessions }: Workload): Promise<number | undefined> {
    if (sessions === 0 || path !== '/' || this.setUp.sessionless) return undefined
    let sum = 0
    const left = [...(this.#cookies.get(name) ?? [])]
    const reader = async () => {
      for (let cookie = left.pop(); cookie !== undefined; cookie = left.pop()) {
        const response = await this.#ask('/api/session', cookie)
        const { visits } = (await response.json()) as { visits: number }
        sum += visits
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, reader))
    return sum
  }

  get memory(): Memory {
    const { anonymous, peak } = usageOf(this.#server.child)
    return { anonymous, peak: this.#held?.peak() ?? peak, kills: this.#held?.kills() }
  }

  /** Ends its process. */
  stop(): Promise<void> {
    return endServer(this.#server)
  }

  #ask(path: string, cookie = ''): Promise<Response> {
    // A connection kept over another's turn may be closed by its server at any moment.
    const headers = { cookie, connection: 'close' }
    return fetch(`http://127.0.0.1:${this.#server.port}${path}`, { headers })
  }
}
