// A client that createCluster of node-redis made, as the store sees it.
import calculateSlot from 'cluster-key-slot'
import {
  type Commands,
  type Location,
  locationOf,
  type OwnConnection,
  type PrepareConnection,
} from './client.js'
import {
  guard,
  NodeRedis,
  type NodeRedisClient,
  OWN_OPTIONS,
  OwnClient,
  oneShot,
  Target,
} from './node-redis-base.js'

interface ClusterNode {
  readonly address: string
  /** Once a command was sent to it. */
  readonly client?: object
}

/** What the store uses of a client that `createCluster` made. */
export interface NodeRedisCluster {
  readonly isOpen: boolean
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean,
    args: string[],
    options?: object,
  ): Promise<unknown>
  readonly masters: readonly ClusterNode[]
  readonly replicas: readonly ClusterNode[]
  readonly slots: readonly ({ readonly master: ClusterNode } | undefined)[]
  nodeClient(node: ClusterNode): unknown
  on(event: string, listener: () => void): unknown
}

export class Clustered extends NodeRedis {
  readonly #client: NodeRedisCluster

  constructor(client: NodeRedisCluster) {
    const state = {
      get isOpen() {
        return client.isOpen
      },
      get isReady() {
        return client.isOpen && client.masters.length > 0
      },
    }
    super(Object.assign(state, { on: client.on.bind(client) }), (args, key) => this.#send(args, key), state)
    this.#client = client
    const guardAll = () => {
      // A replica may be promoted, and keeps its client.
      for (const { client: node } of [...client.masters, ...client.replicas]) if (node) guard(node)
    }
    guardAll()
    client.on('node-connect', guardAll)
  }

  async #send(args: string[], key = ''): Promise<unknown> {
    try {
      return await this.#client.sendCommand(key, false, args, OWN_OPTIONS)
    } catch (error) {
      // Version 5 stumbles while it knows no slots.
      if (error instanceof TypeError && !this.primaryOf(key)) throw new Error('the Cluster is not known yet')
      throw error
    }
  }

  primaries(): Commands[] {
    return this.#client.masters.map(
      (node) => new Target(async (args) => (await this.#clientOf(node)).sendCommand(args, OWN_OPTIONS)),
    )
  }

  primaryOf(key: string): string | undefined {
    return this.#client.slots[calculateSlot(key)]?.master.address
  }

  locationOf(key: string): Location {
    return locationOf(this.primaryOf(key))
  }

  open(primary: string, prepare: PrepareConnection | undefined): OwnConnection | undefined {
    const node = this.#client.masters.find(({ address }) => address === primary)
    return node && this.own(new OwnClient(this.#clientOf(node).then(oneShot), prepare))
  }

  override refresh(key: string): void {
    // A Cluster's client asks for the slots again when a command of its own was sent elsewhere.
    this.#client.sendCommand(key, false, ['EXISTS', key], OWN_OPTIONS).catch(() => {})
  }

  async #clientOf(node: ClusterNode): Promise<NodeRedisClient> {
    return (await this.#client.nodeClient(node)) as NodeRedisClient
  }
}
