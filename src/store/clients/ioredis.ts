// A client of ioredis or iovalkey, as the store sees it.
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
  type Sentinels,
  type StoreClient,
} from './client.js'
import { GatheredWrites, type Socket } from './gathered-writes.js'

interface IoredisCommands {
  evalsha(sha: string, keys: number, ...args: Argument[]): Promise<unknown>
  eval(lua: string, keys: number, ...args: Argument[]): Promise<unknown>
  call(command: string, ...args: Argument[]): Promise<unknown>
  disconnect(reconnect?: boolean): void
  readonly status: string
  readonly isCluster: boolean
  on(event: string, listener: () => void): unknown
  once(event: string, listener: () => void): unknown
  connect(): Promise<void>
}

/** What the store uses of a `Redis` of ioredis or iovalkey. */
export interface IoredisClient extends IoredisCommands {
  duplicate(override?: object): IoredisClient
}

/** What the store uses of a `Cluster` of ioredis or iovalkey. */
export interface IoredisCluster extends IoredisCommands {
  nodes(role: 'master'): readonly IoredisClient[]
  readonly slots: readonly (readonly string[] | undefined)[]
  refreshSlotsCache(): void
}

/** The options that an ioredis client was made with, as far as they are used here. */
interface Options {
  readonly host?: string
  readonly port?: number
  readonly path?: string
  readonly db?: number
  readonly keyPrefix?: string
  readonly sentinels?: readonly { readonly host?: string; readonly port?: number }[] | null
  readonly name?: string
  readonly natMap?: unknown
  readonly sentinelUsername?: string | null
  readonly sentinelPassword?: string | null
  readonly sentinelTLS?: unknown
}

const ignore = () => {}

/** What the classes of ioredis have beside their documented interface. */
function optionsOf(client: IoredisCommands): Options {
  return (client as unknown as { readonly options: Options }).options
}

class Target<C extends IoredisCommands> implements Commands {
  protected readonly client: C
  protected readonly writes = new GatheredWrites()

  constructor(client: C) {
    this.client = client
  }

  script(
    { sha, lua }: Script,
    keys: readonly string[],
    args: readonly Argument[],
    byText: boolean,
  ): Promise<unknown> {
    this.gather(keys[0])
    // ioredis takes an array among its arguments for its elements, of which a call takes only so many.
    const all = [...keys, args] as unknown as readonly Argument[]
    return byText ? this.client.eval(lua, keys.length, ...all) : this.client.evalsha(sha, keys.length, ...all)
  }

  call(command: string, ...args: Argument[]): Promise<unknown> {
    this.gather(args[0])
    return this.client.call(command, ...args)
  }

  /** To be called before a command of a key is sent. */
  protected gather(_key: Argument | undefined): void {
    this.writes.next(socketOf(this.client))
  }
}

/** The connection of a client to its server. */
function socketOf(client: IoredisCommands): Socket | undefined {
  return (client as unknown as { readonly stream?: Socket }).stream
}

/** A connection that was duplicated from the user's client. */
class Duplicate extends Target<IoredisClient> implements OwnConnection {
  get server(): Address | undefined {
    const { remoteAddress: host, remotePort: port } = socketOf(this.client) ?? {}
    return host && port ? { host, port } : undefined
  }

  onLost(listener: () => void): void {
    this.client.on('close', listener)
  }

  onEnded(listener: () => void): void {
    this.client.once('end', listener)
  }

  reconnect(): void {
    this.client.disconnect(true)
  }

  close(): void {
    this.client.disconnect()
  }
}

abstract class Ioredis<C extends IoredisCommands> extends Target<C> implements StoreClient {
  readonly #opened = new Set<OwnConnection>()
  losses = 0
  connections = 0
  #closing = false

  constructor(client: C) {
    super(client)
    const lost = () => {
      this.losses += 1
    }
    client.on('close', lost)
    client.on(client.isCluster ? '+node' : 'ready', () => {
      this.connections += 1
    })
    // A Cluster drops a node whose connection is lost.
    if (client.isCluster) client.on('-node', lost)
  }

  get state(): 'ready' | 'away' | 'ended' {
    const { status } = this.client
    return status === 'ready' ? 'ready' : status === 'end' ? 'ended' : 'away'
  }

  async connected(): Promise<void> {
    if (this.state === 'ready') return
    if (this.client.status === 'wait') return this.client.connect()
    throw new Error('the client is not connected')
  }

  isReply(error: unknown): error is Error {
    return error instanceof Error && error.name === 'ReplyError'
  }

  readonly confirms = true
  abstract readonly keyPrefix: string
  abstract readonly sentinels: Sentinels | undefined
  abstract primaries(): Commands[]
  abstract primaryOf(key: string): string | undefined
  abstract open(primary: string, prepare: PrepareConnection | undefined): OwnConnection | undefined
  abstract locationOf(key: string): Location
  abstract refresh(key: string): void
  abstract reconnect(): void

  protected duplicate(client: IoredisClient, prepare: PrepareConnection | undefined): OwnConnection {
    if (!this.#closing) {
      this.#closing = true
      this.client.once('end', () => {
        for (const connection of this.#opened) connection.close()
      })
    }
    const made = client.duplicate()
    prepare?.(made)
    made.on('error', ignore)
    const connection = new Duplicate(made)
    this.#opened.add(connection)
    connection.onEnded(() => this.#opened.delete(connection))
    return connection
  }
}

/** A client of one server, with or without Sentinels. */
class Single extends Ioredis<IoredisClient> {
  get keyPrefix(): string {
    return optionsOf(this.client).keyPrefix ?? ''
  }

  get sentinels(): Sentinels | undefined {
    const { sentinels, ...options } = optionsOf(this.client)
    if (!sentinels) return undefined
    return {
      set: options.name ?? '',
      addresses: sentinels.map(({ host = '127.0.0.1', port = 26_379 }) => ({ host, port })),
      translated: Boolean(options.natMap),
      ask: (sentinel, commands, timeoutMs) => this.#ask(sentinel, commands, timeoutMs),
    }
  }

  primaries(): Commands[] {
    return [this]
  }

  primaryOf(): string {
    return ''
  }

  locationOf(): Location {
    const { sentinels, path, host, port, db: database } = optionsOf(this.client)
    if (path) return { host: path, database }
    const { remoteAddress, remotePort } = socketOf(this.client) ?? {}
    return sentinels ? { host: remoteAddress, port: remotePort, database } : { host, port, database }
  }

  open(_primary: string, prepare: PrepareConnection | undefined): OwnConnection {
    return this.duplicate(this.client, prepare)
  }

  refresh(): void {}

  reconnect(): void {
    this.client.disconnect(true)
  }

  async #ask(
    sentinel: Address,
    commands: readonly (readonly [string, ...string[]])[],
    timeoutMs: number,
  ): Promise<unknown[]> {
    const options = optionsOf(this.client)
    // A duplicate, so that the store needs no package of its own; with none of what is meant for the data's servers.
    const connection = this.client.duplicate({
      ...sentinel,
      sentinels: null,
      username: options.sentinelUsername ?? null,
      password: options.sentinelPassword ?? null,
      tls: options.sentinelTLS,
      db: 0,
      keyPrefix: '',
      connectionName: null,
      readOnly: false,
      lazyConnect: false,
      enableReadyCheck: false,
      enableOfflineQueue: true,
      retryStrategy: () => null,
      reconnectOnError: null,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
    })
    connection.on('error', ignore)
    try {
      return await Promise.all(commands.map((command) => connection.call(...command)))
    } finally {
      connection.disconnect()
    }
  }
}

interface NodeWrites {
  readonly node: IoredisClient
  readonly writes: GatheredWrites
}

/** A client of a Cluster. */
class Clustered extends Ioredis<IoredisCluster> {
  readonly sentinels = undefined
  /** The clients of its primaries, by `host:port`; undefined for one that has none. */
  readonly #nodes = new Map<string, NodeWrites | undefined>()

  constructor(client: IoredisCluster) {
    super(client)
    for (const event of ['+node', '-node']) client.on(event, () => this.#nodes.clear())
  }

  get keyPrefix(): string {
    const { keyPrefix, redisOptions } = optionsOf(this.client) as Options & { redisOptions?: Options }
    return keyPrefix ?? redisOptions?.keyPrefix ?? ''
  }

  primaries(): Commands[] {
    return this.client.nodes('master').map((node) => new Target(node))
  }

  primaryOf(key: string): string | undefined {
    return this.client.slots[calculateSlot(this.keyPrefix + key)]?.[0]
  }

  locationOf(key: string): Location {
    return locationOf(this.primaryOf(key))
  }

  open(primary: string, prepare: PrepareConnection | undefined): OwnConnection | undefined {
    const node = this.#primary(primary)
    return node && this.duplicate(node, prepare)
  }

  #primary(name: string): IoredisClient | undefined {
    return this.client.nodes('master').find((server) => {
      const { host, port } = optionsOf(server)
      return `${host}:${port}` === name
    })
  }

  refresh(): void {
    this.client.refreshSlotsCache()
  }

  /** By the primary's client: the Cluster's has no connection. */
  protected override gather(key: Argument | undefined): void {
    const primary = this.primaryOf(String(key))
    if (primary === undefined) return
    if (!this.#nodes.has(primary)) {
      const node = this.#primary(primary)
      this.#nodes.set(primary, node && { node, writes: new GatheredWrites() })
    }
    const found = this.#nodes.get(primary)
    found?.writes.next(socketOf(found.node))
  }

  reconnect(): void {}
}

/** @returns the store's view of a client of ioredis or iovalkey; undefined if it is none. */
export function ioredisClient(client: object): StoreClient | undefined {
  if (!('evalsha' in client && 'call' in client && 'duplicate' in client && 'status' in client))
    return undefined
  const { isCluster } = client as unknown as IoredisCommands
  return isCluster
    ? new Clustered(client as unknown as IoredisCluster)
    : new Single(client as unknown as IoredisClient)
}
