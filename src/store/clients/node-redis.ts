// A client of node-redis 5 or 6, as the store sees it: createClient, createCluster, or createSentinel.
import calculateSlot from 'cluster-key-slot'
import {
  type Address,
  type Argument,
  type Commands,
  type Location,
  locationOf,
  type OwnConnection,
  type PrepareConnection,
  type Script,
  type StoreClient,
} from './client.js'

interface NodeRedisState {
  readonly isOpen: boolean
  readonly isReady: boolean
}

/** What the store uses of a client that `createClient` made. */
export interface NodeRedisClient extends NodeRedisState {
  sendCommand(args: string[], options?: object): Promise<unknown>
  duplicate(): NodeRedisClient
  connect(): Promise<unknown>
  destroy(): void
  on(event: string, listener: () => void): unknown
}

interface ClusterNode {
  readonly address: string
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
  readonly slots: readonly ({ readonly master: ClusterNode } | undefined)[]
  nodeClient(node: ClusterNode): unknown
  on(event: string, listener: () => void): unknown
}

/** What the store uses of a client that `createSentinel` made. */
export interface NodeRedisSentinel extends NodeRedisState {
  sendCommand(isReadonly: boolean, args: string[], options?: object): Promise<unknown>
  getMasterNode(): unknown
  on(event: string, listener: () => void): unknown
}

/** RESP 3's type of a map: as an array, as RESP 2 has it. */
const MAP = 37

/** The user's own settings of how replies are read, and of how long they are waited for, are for the user's commands. */
const OWN_OPTIONS = { timeout: undefined, typeMapping: { [MAP]: Array } }

/** The options that a client was made with, as far as they are used here; what its `url` says is among them. */
interface Options {
  readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string }
  readonly database?: number
}

function optionsOf(client: NodeRedisClient): Options {
  return (client as unknown as { readonly options?: Options }).options ?? {}
}

type Send = (args: string[], key: string | undefined) => Promise<unknown>

class Target implements Commands {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  async script({ sha, lua }: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args.map(String)]
    try {
      return await this.#send(['EVALSHA', sha, ...rest], keys[0])
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error
      return await this.#send(['EVAL', lua, ...rest], keys[0])
    }
  }

  call(command: string, ...args: Argument[]): Promise<unknown> {
    const texts = args.map(String)
    return this.#send([command, ...texts], texts[0])
  }
}

/** node-redis gives the errors of Redis classes of their own, and all of them the name Error. */
function isReply(error: unknown): error is Error {
  for (let type = error; type instanceof Error; type = Object.getPrototypeOf(type)) {
    if (type.constructor.name === 'ErrorReply') return true
  }
  return false
}

/** Whether a client is ready; before its user has connected it, it is away. */
class Watch {
  readonly #client: NodeRedisState
  #wasOpen = false

  constructor(client: NodeRedisState) {
    this.#client = client
  }

  get state(): 'ready' | 'away' | 'ended' {
    const { isOpen, isReady } = this.#client
    if (isReady) this.#wasOpen = true
    if (isReady) return 'ready'
    return this.#wasOpen && !isOpen ? 'ended' : 'away'
  }

  async connected(): Promise<void> {
    while (this.state === 'away') await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A connection that was duplicated from the user's client. */
class Duplicate extends Target implements OwnConnection {
  readonly #client: Promise<NodeRedisClient>

  constructor(from: NodeRedisClient | Promise<NodeRedisClient>, prepare: PrepareConnection | undefined) {
    const made = Promise.resolve(from).then(async (client) => {
      const duplicate = client.duplicate()
      duplicate.on('error', () => {})
      prepare?.(duplicate)
      await duplicate.connect()
      return duplicate
    })
    made.catch(() => {})
    super(async (args) => (await made).sendCommand(args, OWN_OPTIONS))
    this.#client = made
  }

  get server(): Address | undefined {
    return undefined
  }

  onLost(listener: () => void): void {
    // It comes at the loss, before anything is written anew.
    this.#on('reconnecting', listener)
    this.#on('end', listener)
  }

  onEnded(listener: () => void): void {
    this.#on('end', listener)
    this.#client.catch(listener)
  }

  reconnect(): void {}

  close(): void {
    this.#client.then(
      (client) => client.destroy(),
      () => {},
    )
  }

  #on(event: string, listener: () => void): void {
    this.#client.then(
      (client) => client.on(event, listener),
      () => {},
    )
  }
}

abstract class NodeRedis extends Target implements StoreClient {
  readonly keyPrefix = ''
  readonly sentinels = undefined
  readonly isReply = isReply
  readonly confirms: boolean = true
  readonly #watch: Watch

  // It never sends a command again that it has written: what it lost, it says.
  losses = 0

  constructor(client: NodeRedisState, send: Send) {
    super(send)
    this.#watch = new Watch(client)
  }

  get state(): 'ready' | 'away' | 'ended' {
    return this.#watch.state
  }

  connected(): Promise<void> {
    return this.#watch.connected()
  }

  refresh(_key: string): void {}

  reconnect(): void {}

  abstract primaries(): Commands[]
  abstract primaryOf(key: string): string | undefined
  abstract locationOf(key: string): Location
  abstract open(primary: string): OwnConnection | undefined
}

class Single extends NodeRedis {
  readonly #client: NodeRedisClient
  readonly #prepare: PrepareConnection | undefined

  constructor(client: NodeRedisClient, prepare: PrepareConnection | undefined) {
    super(client, (args) => client.sendCommand(args, OWN_OPTIONS))
    this.#client = client
    this.#prepare = prepare
  }

  primaries(): Commands[] {
    return [this]
  }

  primaryOf(): string {
    return ''
  }

  locationOf(): Location {
    const { socket: { host, port, path } = {}, database = 0 } = optionsOf(this.#client)
    return path ? { host: path, database } : { host: host ?? 'localhost', port: port ?? 6379, database }
  }

  open(): OwnConnection {
    const connection = new Duplicate(this.#client, this.#prepare)
    this.#client.on('end', () => connection.close())
    return connection
  }
}

/** Sends again by itself, and hides which server it is connected to: so a change can't be confirmed by replicas or the disk. */
class BySentinels extends NodeRedis {
  override readonly confirms = false

  constructor(client: NodeRedisSentinel) {
    super(client, (args) => client.sendCommand(false, args, OWN_OPTIONS))
    for (const event of ['topology-change', 'client-error']) {
      client.on(event, () => {
        this.losses += 1
      })
    }
  }

  primaries(): Commands[] {
    return [this]
  }

  primaryOf(): string {
    return ''
  }

  locationOf(): Location {
    return {}
  }

  open(): undefined {}
}

class Clustered extends NodeRedis {
  readonly #client: NodeRedisCluster
  readonly #prepare: PrepareConnection | undefined

  constructor(client: NodeRedisCluster, prepare: PrepareConnection | undefined) {
    const state = {
      get isOpen() {
        return client.isOpen
      },
      get isReady() {
        return client.isOpen && client.masters.length > 0
      },
    }
    super(state, (args, key) => client.sendCommand(key, false, args, OWN_OPTIONS))
    this.#client = client
    this.#prepare = prepare
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

  open(primary: string): OwnConnection | undefined {
    const node = this.#client.masters.find(({ address }) => address === primary)
    if (!node) return undefined
    const connection = new Duplicate(this.#clientOf(node), this.#prepare)
    this.#client.on('disconnect', () => connection.close())
    return connection
  }

  override refresh(key: string): void {
    // A Cluster's client asks for the slots again when a command of its own was sent elsewhere.
    this.#client.sendCommand(key, false, ['EXISTS', key], OWN_OPTIONS).catch(() => {})
  }

  async #clientOf(node: ClusterNode): Promise<NodeRedisClient> {
    return (await this.#client.nodeClient(node)) as NodeRedisClient
  }
}

/** @returns the store's view of a client of node-redis 5 or later; undefined if it is none. */
export function nodeRedisClient(
  client: object,
  prepare: PrepareConnection | undefined,
): StoreClient | undefined {
  // The legacy mode takes callbacks; version 4 knows no destroy().
  if (!('sendCommand' in client && 'isOpen' in client && 'destroy' in client)) return undefined
  if ('masters' in client && 'nodeClient' in client)
    return new Clustered(client as unknown as NodeRedisCluster, prepare)
  if ('getMasterNode' in client) return new BySentinels(client as unknown as NodeRedisSentinel)
  return 'duplicate' in client ? new Single(client as unknown as NodeRedisClient, prepare) : undefined
}
