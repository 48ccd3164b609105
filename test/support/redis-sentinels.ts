import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { RedisSettings } from '../../src/counter/config/redis-settings.js'
import { freePort } from './free-port.js'
import { RedisServer, redisProgram } from './redis-server.js'
import { until } from './until.js'

const NAME = 'main'
// A Sentinel asks every 10 s otherwise, waits for 8 s before it corrects a role, and does nothing for 30 s after it was slow.
const FAST = ['info-period', 100, 'publish-period', 200, 'tilt-period', 500]

/** A real Sentinel, with what it wrote down in a folder of its own. */
class Sentinel {
  readonly #folder = mkdtempSync(join(tmpdir(), 'redissessions-'))
  readonly port: number
  readonly client: Redis
  process: ChildProcess | undefined

  constructor(port: number, primary: number) {
    this.port = port
    this.client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, lazyConnect: true })
    this.client.on('error', () => {})
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${this.#folder}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${primary} 2`,
      `sentinel down-after-milliseconds ${NAME} 700`,
      `sentinel failover-timeout ${NAME} 2000`,
      `sentinel parallel-syncs ${NAME} 2`,
    ]
    writeFileSync(join(this.#folder, 'sentinel.conf'), `${lines.join('\n')}\n`)
  }

  async start(): Promise<void> {
    this.process = spawn(redisProgram(), [join(this.#folder, 'sentinel.conf'), '--sentinel'], {
      stdio: 'ignore',
    })
    const pace = process.env.SENTINEL_PACE === 'real' ? FAST.slice(4) : FAST
    await until(async () => (await this.client.call('SENTINEL', 'DEBUG', ...pace)) === 'OK')
  }

  async kill(): Promise<void> {
    if (!this.process || this.process.signalCode) return
    const ended = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await ended
  }

  async stop(): Promise<void> {
    this.client.disconnect()
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** @returns the port of the primary, by what this Sentinel knows. */
  async primary(): Promise<number> {
    const [, port] = (await this.client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as string[]
    return Number(port)
  }

  /** Whether it knows the two others, and two replicas that follow. */
  async content(): Promise<boolean> {
    const quorum = String(await this.client.call('SENTINEL', 'CKQUORUM', NAME))
    const replicas = (await this.client.call('SENTINEL', 'REPLICAS', NAME)) as unknown[]
    const following = replicas
      .map((replica) => JSON.stringify(replica))
      .filter((replica) => /"flags"[,:]"slave".*"master-link-status"[,:]"ok"/.test(replica))
    return quorum.startsWith('OK 3 usable') && following.length === 2
  }
}

/** A real primary with two replicas, watched by three real Sentinels, and the means to hurt them. */
export class RedisSentinels {
  readonly #servers: readonly RedisServer[]
  readonly #clients: readonly Redis[]
  readonly sentinels: readonly Sentinel[]

  private constructor(servers: readonly RedisServer[], sentinels: readonly Sentinel[]) {
    this.#servers = servers
    this.sentinels = sentinels
    this.#clients = servers.map(({ port }) => {
      const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50 })
      return client.on('error', () => {})
    })
  }

  static async start(): Promise<RedisSentinels> {
    // A primary that nobody follows takes no writes; one that comes back has its data.
    const args = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '2', '--appendonly', 'yes']
    const servers: RedisServer[] = []
    while (servers.length < 3)
      servers.push(await RedisServer.start(...args, '--repl-diskless-sync-delay', '0'))
    const sentinels: Sentinel[] = []
    while (sentinels.length < 3) sentinels.push(new Sentinel(await freePort(), servers[0]?.port ?? 0))
    const set = new RedisSentinels(servers, sentinels)
    for (const client of set.#clients.slice(1)) await client.replicaof('127.0.0.1', servers[0]?.port ?? 0)
    await set.startSentinels()
    await set.settled()
    return set
  }

  get settings(): RedisSettings {
    const nodes = this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
    return { mode: 'sentinel', nodes, sentinelName: NAME, db: 0 }
  }

  /** @returns the primary that all living Sentinels name, and a client of it. */
  async primary(): Promise<{ server: RedisServer; client: Redis }> {
    let agreed = -1
    await until(async () => {
      const living = this.sentinels.filter((sentinel) => !sentinel.process?.signalCode)
      const ports = new Set(await Promise.all(living.map((sentinel) => sentinel.primary())))
      agreed = this.#servers.findIndex(({ port }) => ports.size === 1 && ports.has(port))
      return agreed >= 0
    })
    const [server, client] = [this.#servers[agreed], this.#clients[agreed]]
    if (!server || !client) throw new Error('no primary')
    return { server, client }
  }

  /** Waits until another than this one leads; the old one may be anything. */
  async succeeded(old: RedisServer): Promise<void> {
    await until(async () => (await this.primary()).server !== old, 60_000)
  }

  /** Waits until all follow one primary and have all that it has, and all Sentinels know. */
  async settled(): Promise<void> {
    await until(async () => {
      const { client } = await this.primary()
      const info = await client.info('replication')
      const known = await Promise.all(this.sentinels.map((sentinel) => sentinel.content()))
      return info.match(/state=online/g)?.length === 2 && known.every(Boolean)
    }, 60_000)
  }

  /** SIGKILL of the primary; once another leads, it comes back and follows. */
  async killPrimary(): Promise<void> {
    const { server, client } = await this.primary()
    await server.kill()
    await this.succeeded(server)
    const { server: next } = await this.primary()
    await server.start()
    // A Sentinel may have told it already.
    await until(async () => String(await client.replicaof('127.0.0.1', next.port)).startsWith('OK'))
    await this.settled()
  }

  /**
   * SIGKILL of the primary, which comes back within 1.5 s, under whoever one Sentinel names just then: often itself,
   * so two lead at a time.
   */
  async killCarelessly(): Promise<void> {
    const { server, client } = await this.primary()
    await server.kill()
    await pause(Math.random() * 1_500)
    const asked = this.sentinels[Math.floor(Math.random() * this.sentinels.length)]
    const named = (await asked?.primary()) ?? server.port
    await server.start()
    if (named !== server.port) {
      await until(async () => String(await client.replicaof('127.0.0.1', named)).startsWith('OK'))
    }
    await this.settled()
  }

  /** SIGKILL of a replica. @returns what brings it back. */
  async killReplica(): Promise<() => Promise<void>> {
    const { server: primary } = await this.primary()
    const at = this.#servers.findIndex((server) => server !== primary)
    const [replica, client] = [this.#servers[at], this.#clients[at]]
    await replica?.kill()
    return async () => {
      await replica?.start()
      const { server } = await this.primary()
      await until(async () => String(await client?.replicaof('127.0.0.1', server.port)).startsWith('OK'))
      await this.settled()
    }
  }

  /** SENTINEL FAILOVER, which takes the lead from a primary that lives and goes on until it is told. */
  async failOver(): Promise<void> {
    const { server } = await this.primary()
    // One that took too long is given up, and not tried again: the primary lives.
    await until(async () => {
      if ((await this.primary()).server !== server) return true
      await this.sentinels[0]?.client.call('SENTINEL', 'FAILOVER', NAME)
      return false
    }, 60_000)
    await this.settled()
  }

  /** The same as the chart does it before a pod ends: writes wait, and the replicas catch up, before one of them leads. */
  async handOver(): Promise<void> {
    const { client } = await this.primary()
    await client.call('CLIENT', 'PAUSE', 12_000, 'WRITE')
    await until(async () => {
      const info = await client.info('replication')
      const here = Number(/master_repl_offset:(\d+)/.exec(info)?.[1])
      const offsets = [...info.matchAll(/state=online,offset=(\d+)/g)].map(([, offset]) => Number(offset))
      return offsets.length === 2 && offsets.every((offset) => offset >= here)
    })
    await this.failOver()
  }

  async startSentinels(): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => sentinel.start()))
  }

  async killSentinels(): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => sentinel.kill()))
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect()
    await Promise.all(this.sentinels.map((sentinel) => sentinel.stop()))
    await Promise.all(this.#servers.map((server) => server.stop()))
  }
}
