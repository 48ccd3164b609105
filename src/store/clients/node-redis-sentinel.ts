// A client that createSentinel of node-redis made, as the store sees it.
import type { Address, Commands, Location, OwnConnection, PrepareConnection, Sentinels } from './client.js'
import {
  guard,
  NodeRedis,
  type NodeRedisClient,
  OWN_OPTIONS,
  OwnClient,
  oneShot,
  optionsOf,
} from './node-redis-base.js'

/** What the store uses of a client that `createSentinel` made. */
export interface NodeRedisSentinel {
  readonly isOpen: boolean
  readonly isReady: boolean
  sendCommand(isReadonly: boolean, args: string[], options?: object): Promise<unknown>
  getMasterNode(): unknown
  on(event: string, listener: () => void): unknown
}

/** What it has besides its documented interface. */
interface Inside {
  /** Calls a function with its client of the primary; if that fails, perhaps again. */
  _execute<T>(isReadonly: boolean, work: (node: NodeRedisClient) => Promise<T>): Promise<T>
  readonly _self: object
  /** Version 6 has it. */
  readonly duplicate?: () => unknown
}

/** The options of createSentinel, as far as they are used here. */
interface SentinelOptions {
  readonly name: string
  readonly sentinelRootNodes: readonly Address[]
  readonly sentinelClientOptions?: { readonly socket?: object }
  readonly nodeAddressMap?: unknown
}

export class BySentinels extends NodeRedis {
  readonly #client: NodeRedisSentinel & Inside
  readonly #options: SentinelOptions | undefined
  /** Its latest client of the primary: others are made after it. */
  #node: NodeRedisClient | undefined

  constructor(client: NodeRedisSentinel) {
    const inside = client as NodeRedisSentinel & Inside
    super(client, (args) => this.#send(args))
    this.#client = inside
    this.#options = readOptions(inside)
  }

  override get confirms(): boolean {
    return this.#options !== undefined
  }

  override get sentinels(): Sentinels | undefined {
    if (!this.#options) return undefined
    const { name: set, sentinelRootNodes: addresses, nodeAddressMap } = this.#options
    const translated = Boolean(nodeAddressMap)
    return { set, addresses, translated, ask: (...question) => this.#ask(...question) }
  }

  primaries(): Commands[] {
    return [this]
  }

  primaryOf(): string {
    return ''
  }

  locationOf(): Location {
    const { socket: { host, port } = {}, database = 0 } = this.#node ? optionsOf(this.#node) : {}
    return this.#node ? { host, port, database } : {}
  }

  open(_primary: string, prepare: PrepareConnection | undefined): OwnConnection {
    const primary = this.#primary()
    const connection = new OwnClient(
      primary.then(async (address) => oneShot(await this.#anyNode(), address)),
      prepare,
    )
    primary.then(
      (address) => {
        connection.server = address
      },
      () => {},
    )
    return this.own(connection)
  }

  /** It would send a command again by itself, though the first one may have been done: so it hears of no failure but READONLY. */
  async #send(args: string[]): Promise<unknown> {
    const { error, reply } = await this.#client._execute(false, async (node) => {
      this.#node = node
      guard(node)
      try {
        return { reply: await node.sendCommand(args, OWN_OPTIONS), error: undefined }
      } catch (error) {
        if (String(error).includes('READONLY')) throw error
        return { reply: undefined, error: error as Error }
      }
    })
    if (error) throw error
    return reply
  }

  async #anyNode(): Promise<NodeRedisClient> {
    this.#node ??= await this.#client._execute(false, async (node) => node)
    return this.#node
  }

  /** @returns the primary that the first Sentinel to answer names; the waits for replicas ask more than half of them. */
  async #primary(): Promise<Address> {
    const { name, sentinelRootNodes } = this.#options as SentinelOptions
    const asked = sentinelRootNodes.map(async (sentinel) => {
      const [reply] = await this.#ask(sentinel, [['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]], 1_000)
      const [host, port] = reply as [string, string]
      return { host, port: Number(port) }
    })
    return Promise.any(asked)
  }

  async #ask(
    { host, port }: Address,
    commands: readonly (readonly [string, ...string[]])[],
    timeoutMs: number,
  ): Promise<unknown[]> {
    const { sentinelClientOptions } = this.#options as SentinelOptions
    const connection = (await this.#anyNode()).duplicate({
      // None of what is meant for the data's servers.
      username: undefined,
      password: undefined,
      credentialsProvider: undefined,
      database: undefined,
      name: undefined,
      ...sentinelClientOptions,
      RESP: 2,
      maintNotifications: 'disabled',
      clientSideCache: undefined,
      socket: { ...sentinelClientOptions?.socket, host, port, reconnectStrategy: false },
    })
    connection.on('error', () => {})
    const end = () => connection.isOpen && connection.destroy()
    const timer = setTimeout(end, timeoutMs)
    try {
      await connection.connect()
      return await Promise.all(commands.map((command) => connection.sendCommand([...command], OWN_OPTIONS)))
    } finally {
      clearTimeout(timer)
      end()
    }
  }
}

/**
 * Its options are private, but its duplicate() hands them to the constructor of what it is called on.
 * @returns the options; undefined for version 5, which has no duplicate().
 */
function readOptions({ _self, duplicate }: Inside): SentinelOptions | undefined {
  class Reader {
    readonly options: Partial<SentinelOptions>
    constructor(options: Partial<SentinelOptions>) {
      this.options = options
    }
  }
  const read = duplicate?.call(Object.create(Reader.prototype, { _self: { value: _self } }))
  if (!(read instanceof Reader)) return undefined
  const { name, sentinelRootNodes } = read.options
  return name && sentinelRootNodes ? { ...read.options, name, sentinelRootNodes } : undefined
}
