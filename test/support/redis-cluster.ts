import { Cluster, Redis } from 'ioredis'
import { freePort } from './free-port.js'
import { RedisServer } from './redis-server.js'
import { until } from './until.js'

const SLOTS = 16_384

/** A real Redis Cluster of three primaries, and the means to move its slots. */
export class RedisCluster {
  readonly #servers: readonly RedisServer[]
  readonly #nodes: readonly Redis[]

  private constructor(servers: readonly RedisServer[]) {
    this.#servers = servers
    this.#nodes = servers.map(({ port }) => new Redis(port, '127.0.0.1'))
  }

  static async start(): Promise<RedisCluster> {
    const servers: RedisServer[] = []
    while (servers.length < 3) {
      const port = await freePort()
      // The nodes talk to each other on the port 10,000 above.
      if (port < 55_000) servers.push(await RedisServer.startOn(port, '--cluster-enabled', 'yes'))
    }
    const cluster = new RedisCluster(servers)
    await cluster.#form()
    return cluster
  }

  get addresses(): { host: string; port: number }[] {
    return this.#servers.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  /** Has each node run a command. */
  async each(command: string, ...args: string[]): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.call(command, ...args)))
  }

  connect(): Cluster {
    return new Cluster(this.addresses, { slotsRefreshTimeout: 5_000, clusterRetryStrategy: () => 50 })
  }

  /** Moves the slot of a key from the node that has it to the next one, a key at a time, calling `between` after each. */
  async moveSlot(key: string, between: () => Promise<void>): Promise<void> {
    const slot = Number(await this.#nodes[0]?.cluster('KEYSLOT', key))
    const ids = await Promise.all(this.#nodes.map((node) => node.cluster('MYID') as Promise<string>))
    const from = await this.#ownerOf(slot, ids)
    const to = (from + 1) % this.#nodes.length
    const [source, target] = [this.#nodes[from], this.#nodes[to]] as [Redis, Redis]
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] ?? '')
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] ?? '')
    for (;;) {
      const [name] = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[]
      if (name === undefined) break
      await source.call('MIGRATE', '127.0.0.1', this.#servers[to]?.port ?? 0, name, 0, 5_000)
      await between()
    }
    for (const node of [target, source, ...this.#nodes]) {
      await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] ?? '')
    }
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) node.disconnect()
    await Promise.all(this.#servers.map((server) => server.stop()))
  }

  async #form(): Promise<void> {
    const share = Math.ceil(SLOTS / this.#nodes.length)
    for (const [i, node] of this.#nodes.entries()) {
      const slots = Array.from({ length: share }, (_, n) => i * share + n).filter((slot) => slot < SLOTS)
      await node.call('CLUSTER', 'ADDSLOTS', ...slots)
      await node.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    }
    for (const { port } of this.#servers) await this.#nodes[0]?.call('CLUSTER', 'MEET', '127.0.0.1', port)
    for (const node of this.#nodes) {
      await until(async () => {
        const info = String(await node.call('CLUSTER', 'INFO'))
        return info.includes('cluster_state:ok') && info.includes('cluster_size:3')
      })
    }
  }

  async #ownerOf(slot: number, ids: readonly string[]): Promise<number> {
    const ranges = await this.#nodes[0]?.cluster('SLOTS')
    const range = ranges?.find(([first, last]) => first <= slot && slot <= last)
    const [, , [, , id = ''] = []] = (range ?? []) as [number?, number?, [string?, number?, string?]?]
    return ids.indexOf(id)
  }
}
