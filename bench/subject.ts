import type { ChildProcess } from 'node:child_process'
import getPort from 'get-port'
import { type Load, load } from './load.js'
import { start, usageOf } from './process.js'
import type { BenchRedis } from './redis.js'
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
  /** Acknowledged visits that are not in the sessions; undefined where none is counted. */
  readonly lost: number | undefined
}

/** A set-up that runs: one process, and the visitors that it has had. */
export class Subject {
  readonly setUp: SetUp
  readonly #process: ChildProcess
  readonly #port: number
  readonly #redis: BenchRedis
  readonly #cookies = new Map<string, readonly string[]>()

  private constructor(setUp: SetUp, child: ChildProcess, port: number, redis: BenchRedis) {
    this.setUp = setUp
    this.#process = child
    this.#port = port
    this.#redis = redis
  }

  /** Starts it, held on one CPU; returns when it answers. @throws Error where it ends instead. */
  static async start(setUp: SetUp, node: string, cpu: number, redis: BenchRedis): Promise<Subject> {
    const port = await getPort({ host: '127.0.0.1' })
    const environment = {
      NODE_ENV: 'production',
      PORT: `${port}`,
      REDIS_URL: redis.url,
      ...setUp.environment,
    }
    const child = start(cpu, [node, setUp.program], environment)
    const subject = new Subject(setUp, child, port, redis)
    while (!(await subject.#ask('/api/session').catch(() => undefined))) {
      if (child.exitCode !== null) throw new Error(`${setUp.name} ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return subject
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

  /** Runs a workload for so many seconds. */
  async round({ name, path, sessions }: Workload, seconds: number): Promise<Round> {
    const cookies = sessions > 0 ? this.#cookies.get(name) : undefined
    const counts = sessions > 0 && path === '/' && !this.setUp.sessionless
    const before = counts ? await this.#visits(cookies) : 0
    const request: Load = { port: this.#port, path, cookies, connections: CONNECTIONS, seconds }
    const [cpu, redis] = [usageOf(this.#process).cpu, await this.#redis.usage()]
    const result = await load(request)
    const [cpuAfter, redisAfter] = [usageOf(this.#process).cpu, await this.#redis.usage()]
    const acknowledged = result.answered.reduce((sum, n) => sum + n, 0)
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
      lost: counts ? before + acknowledged - (await this.#visits(cookies)) : undefined,
    }
  }

  /** Bytes that the process has of its own, and that it had at its highest in all. */
  get memory(): { readonly anonymous: number; readonly peak: number } {
    return usageOf(this.#process)
  }

  stop(): void {
    this.#process.kill('SIGKILL')
  }

  async #visits(cookies: readonly string[] = []): Promise<number> {
    let sum = 0
    const left = [...cookies]
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

  #ask(path: string, cookie = ''): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#port}${path}`, { headers: { cookie } })
  }
}
