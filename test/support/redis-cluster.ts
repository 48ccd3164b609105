import { Cluster, Redis } from 'ioredis'
import type { RedisSettings } from '../../src/counter/config/redis-settings.js'
import { freePort } from './free-port.js'
import { RedisServer } from './redis-server.js'
import { TcpProxy } from './tcp-proxy.js'
import { until } from './until.js'

const SLOTS = 16_384

const PRIMARIES = 3

/** A real Redis Cluster of three primaries, and the means to move its slots and to hurt it. */
export class RedisCluster {
  readonly servers: readonly RedisServer[]
  readonly #nodes: readonly Redis[]
  /** Where the other nodes connect: with TLS another port than the tests' own. */
  readonly #ports: readonly number[]
  /** Where clients do: the ports of the proxies, if there are any. */
  readonly #announced: readonly number[]
  readonly proxies: readonly TcpProxy[]

  private constructor(
    servers: readonly RedisServer[],
    ports = servers.map(({ port }) => port),
    proxies: readonly TcpProxy[] = [],
  ) {
    this.servers = servers
    this.#ports = ports
    this.proxies = proxies
    this.#announced = proxies.length > 0 ? proxies.map(({ port }) => port) : ports
    this.#nodes = servers.map(({ port }) => {
      const node = new Redis(port, '127.0.0.1', { retryStrategy: () => 50 })
      return node.on('error', () => {})
    })
  }

  /** Starts one that takes TLS only, but for the tests' own connections. */
  static async startTls(...args: string[]): Promise<RedisCluster> {
    const servers: RedisServer[] = []
    const ports: number[] = []
    while (servers.length < PRIMARIES) {
      // The nodes talk to one another on the port 10,000 above.
      const port = await freePort()
      if (port > 55_535) continue
      const tls = ['--tls-port', `${port}`, '--tls-cluster', 'yes', '--tls-auth-clients', 'no', ...args]
      servers.push(await RedisServer.start('--cluster-enabled', 'yes', ...tls))
      ports.push(port)
    }
    const cluster = new RedisCluster(servers, ports)
    await cluster.#form()
    return cluster
  }

  /** Starts one whose primaries have so many replicas each. */
  static async start(replicas = 0): Promise<RedisCluster> {
    const own = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', '--appendonly', 'yes']
    const servers: RedisServer[] = []
    while (servers.length < PRIMARIES * (1 + replicas))
      servers.push(await RedisServer.start(...own, '--repl-diskless-sync-delay', '0'))
    const cluster = new RedisCluster(servers)
    await cluster.#form()
    return cluster
  }

  /** Starts one whose clients reach each primary through a proxy, and each of which keeps what it acknowledged through a crash. */
  static async startBehindProxies(): Promise<RedisCluster> {
    const [servers, proxies]: [RedisServer[], TcpProxy[]] = [[], []]
    while (servers.length < PRIMARIES) {
      const port = await freePort()
      if (port > 55_535) continue
      const proxy = await TcpProxy.start(port)
      const announced = [
        '--cluster-announce-port',
        `${proxy.port}`,
        '--cluster-announce-bus-port',
        `${port + 10_000}`,
      ]
      const kept = ['--appendonly', 'yes', '--appendfsync', 'always']
      const own = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', ...announced, ...kept]
      servers.push(await RedisServer.startOn(port, ...own))
      proxies.push(proxy)
    }
    const cluster = new RedisCluster(servers, undefined, proxies)
    await cluster.#form()
    return cluster
  }

  get addresses(): { host: string; port: number }[] {
    return this.#announced.map((port) => ({ host: '127.0.0.1', port }))
  }

  get settings(): RedisSettings {
    return { mode: 'cluster', nodes: this.addresses, sentinelName: '', db: 0 }
  }

  /** Has each node run a command. */
  async each(command: string, ...args: string[]): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.call(command, ...args)))
  }

  connect(keyPrefix = ''): Cluster {
    return new Cluster(this.addresses, {
      slotsRefreshTimeout: 5_000,
      clusterRetryStrategy: () => 50,
      keyPrefix,
    })
  }

  /**
   * Moves the slot of a key from the primary that has it to the next one, a key at a time, calling `between` after each. Before any
   * failover only: the primaries have to be those of the start.
   */
  async moveSlot(key: string, between: () => Promise<void>): Promise<void> {
    const slot = Number(await this.#nodes[0]?.cluster('KEYSLOT', key))
    const ids = await Promise.all(this.#nodes.map((node) => node.cluster('MYID') as Promise<string>))
    const from = this.servers.indexOf(await this.primaryOf(key))
    const to = (from + 1) % PRIMARIES
    const [source, target] = [this.#nodes[from], this.#nodes[to]] as [Redis, Redis]
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] ?? '')
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] ?? '')
    for (;;) {
      const [name] = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[]
      if (name === undefined) break
      await source.call('MIGRATE', '127.0.0.1', this.servers[to]?.port ?? 0, name, 0, 5_000)
      await between()
    }
    for (const node of [target, source, ...this.#nodes.slice(0, PRIMARIES)]) {
      await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] ?? '')
    }
  }

  /** Waits until all agree that all is well, and each primary's replicas have what it has. */
  async settled(): Promise<void> {
    const replicas = this.#nodes.length / PRIMARIES - 1
    await until(async () => {
      const states = await Promise.all(
        this.#nodes.map(async (node) => {
          const state = String(await node.call('CLUSTER', 'INFO'))
          const info = await node.info('replication')
          const online = info.match(/state=online/g)?.length ?? 0
          const following = info.includes('role:master')
            ? online === replicas
            : info.includes('master_link_status:up')
          return /cluster_state:ok/.test(state) && /cluster_size:3\b/.test(state) && following
        }),
      )
      return states.every(Boolean)
    }, 30_000)
  }

  /** @returns the name of one of its keys; undefined if it has none. */
  async anyKey(): Promise<string | undefined> {
    const keys = await Promise.all(this.#nodes.map((node) => node.randomkey()))
    return keys.find((key) => key !== null) ?? undefined
  }

  /** Has no session any more. */
  async empty(): Promise<void> {
    await this.settled()
    // Replicas refuse.
    await Promise.all(this.#nodes.map((node) => node.flushall().catch(() => {})))
    await this.settled()
  }

  /** @returns the server that has a key, by what all nodes say but those of the dead one. */
  async primaryOf(key: string, dead?: RedisServer): Promise<RedisServer> {
    const living = this.#nodes.filter((_, i) => this.servers[i] !== dead)
    const slot = Number(await living[0]?.cluster('KEYSLOT', key))
    let primary: RedisServer | undefined
    await until(async () => {
      const ports = new Set(await Promise.all(living.map((node) => portOf(node, slot))))
      primary = this.servers.find((_, i) => ports.size === 1 && ports.has(this.#announced[i]))
      return primary !== undefined
    })
    if (!primary) throw new Error('no primary')
    return primary
  }

  /** Waits until another than this one has the key. */
  async succeeded(key: string, old: RedisServer): Promise<void> {
    await until(async () => (await this.primaryOf(key, old)) !== old, 30_000)
  }

  /** SIGKILL of the primary that has the key; once its replica leads, it comes back and follows. */
  async killPrimary(key: string): Promise<void> {
    const old = await this.primaryOf(key)
    await old.kill()
    await this.succeeded(key, old)
    await old.start()
    await this.settled()
  }

  /** A node freezes, and comes back after its replica has taken the lead. */
  async freezePrimary(key: string): Promise<void> {
    const old = await this.primaryOf(key)
    old.freeze()
    await this.succeeded(key, old).finally(() => old.thaw())
    await this.settled()
  }

  /** CLUSTER FAILOVER: the replica takes the lead from a primary that lives, which waits for it to catch up. */
  failOver(key: string): Promise<void> {
    return this.#failOver(key)
  }

  /** The same without asking the primary: it lives, and goes on until it is told. */
  depose(key: string): Promise<void> {
    return this.#failOver(key, 'FORCE')
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) node.disconnect()
    await Promise.all(this.servers.map((server) => server.stop()))
    await Promise.all(this.proxies.map((proxy) => proxy.stop()))
  }

  async #failOver(key: string, ...how: string[]): Promise<void> {
    const old = await this.primaryOf(key)
    const id = String(await this.#nodes[this.servers.indexOf(old)]?.cluster('MYID'))
    const succeeded = async () => (await this.primaryOf(key)) !== old
    // One that took longer than 5 s is given up, and not tried again: the primary lives.
    await until(async () => {
      for (const node of this.#nodes) {
        const known = String(await node.call('CLUSTER', 'NODES'))
        if (known.includes(`myself,slave ${id}`)) await node.call('CLUSTER', 'FAILOVER', ...how)
      }
      return until(succeeded, 6_000).then(
        () => true,
        () => false,
      )
    }, 30_000)
    await this.settled()
  }

  async #form(): Promise<void> {
    const share = Math.ceil(SLOTS / PRIMARIES)
    const primaries = this.#nodes.slice(0, PRIMARIES)
    for (const [i, node] of primaries.entries()) {
      const slots = Array.from({ length: share }, (_, n) => i * share + n).filter((slot) => slot < SLOTS)
      await node.call('CLUSTER', 'ADDSLOTS', ...slots)
      await node.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    }
    for (const port of this.#ports) await this.#nodes[0]?.call('CLUSTER', 'MEET', '127.0.0.1', port)
    for (const [i, node] of this.#nodes.slice(PRIMARIES).entries()) {
      const id = await primaries[i % PRIMARIES]?.cluster('MYID')
      // Not before it has heard of the primary.
      await until(async () => (await node.call('CLUSTER', 'REPLICATE', String(id))) === 'OK')
    }
    await this.settled()
  }
}

/** @returns the port of the primary that has the slot, by what this node knows. */
async function portOf(node: Redis, slot: number): Promise<number | undefined> {
  const ranges = await node.cluster('SLOTS')
  const range = ranges.find(([first, last]) => first <= slot && slot <= last)
  return range && Number((range[2] as unknown as [string, number])[1])
}
