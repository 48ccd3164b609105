// What the clients of node-redis 5 and 6 have in common, as the store sees them.
import type {
  Address,
  Argument,
  Commands,
  Location,
  OwnConnection,
  PrepareConnection,
  Script,
  Sentinels,
  StoreClient,
} from './client.js'

interface NodeRedisState {
  readonly isOpen: boolean
  readonly isReady: boolean
}

/** What the store uses of a client that `createClient` made. */
export interface NodeRedisClient extends NodeRedisState {
  sendCommand(args: string[], options?: object): Promise<unknown>
  duplicate(overrides?: object): NodeRedisClient
  connect(): Promise<unknown>
  destroy(): void
  on(event: string, listener: () => void): unknown
}

/** The options that a client was made with, as far as they are used here; what its `url` says is among them. */
export interface NodeOptions {
  readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string }
  readonly database?: number
}

export function optionsOf(client: NodeRedisClient): NodeOptions {
  return (client as unknown as { readonly options?: NodeOptions }).options ?? {}
}

/** RESP 3's type of a map: as an array, as RESP 2 has it. */
const MAP = 37

/** The user's settings of how replies are read, and of how long they are waited for, are for the user's commands. */
export const OWN_OPTIONS = { timeout: undefined, typeMapping: { [MAP]: Array } }

type Send = (args: string[], key: string | undefined) => Promise<unknown>

export class Target implements Commands {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  script(
    { sha, lua }: Script,
    keys: readonly string[],
    args: readonly Argument[],
    byText: boolean,
  ): Promise<unknown> {
    const command = byText ? ['EVAL', lua] : ['EVALSHA', sha]
    command.push(String(keys.length), ...keys)
    for (const argument of args) command.push(String(argument))
    return this.#send(command, keys[0])
  }

  call(name: string, ...args: Argument[]): Promise<unknown> {
    const command = [name]
    for (const argument of args) command.push(String(argument))
    return this.#send(command, command[1])
  }
}

/** The errors of Redis have classes of their own, which a bundler may have renamed, and begin with a word in capitals. */
function isReply(error: unknown): error is Error {
  return error instanceof Error && /^[A-Z]{2,}\w* /.test(error.message)
}

/** A connection of the store. If it is lost it has ended: whoever needs one opens another. */
export class OwnClient extends Target implements OwnConnection {
  readonly #client: Promise<NodeRedisClient>
  readonly #onEnded: (() => void)[] = []
  #ended = false
  server: Address | undefined

  /** @param made a client that isn't connected yet, and never connects again. */
  constructor(made: Promise<NodeRedisClient>, prepare: PrepareConnection | undefined) {
    const connected = made.then(async (client) => {
      client.on('error', () => {
        if (!client.isOpen) this.#end()
      })
      client.on('end', () => this.#end())
      prepare?.(client)
      await client.connect()
      return client
    })
    super(async (args) => (await connected).sendCommand(args, OWN_OPTIONS))
    connected.catch(() => this.#end())
    this.#client = connected
  }

  onLost(listener: () => void): void {
    this.onEnded(listener)
  }

  onEnded(listener: () => void): void {
    this.#onEnded.push(listener)
  }

  reconnect(): void {
    this.close()
  }

  close(): void {
    this.#client.then(
      (client) => client.isOpen && client.destroy(),
      () => {},
    )
    this.#end()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const listener of this.#onEnded) listener()
  }
}

/** @returns a client, not connected yet, that is as another but never connects again. */
export function oneShot(client: NodeRedisClient, to: Partial<Address> = {}): NodeRedisClient {
  const socket = { ...optionsOf(client).socket, ...to, reconnectStrategy: false }
  return client.duplicate({ socket, clientSideCache: undefined })
}

/** What a client of one server has for its own use. */
interface Pausable {
  _pause?(): void
  _unpause?(): void
}

const guarded = new WeakSet<object>()

/**
 * Version 5 writes what it was given in the turn in which its connection was lost to no connection at all, and still expects a reply:
 * it takes another command's for it, then each command another one's, and a visitor sees what is in another's session. So it is told
 * to write nothing between two connections.
 */
export function guard(client: object): void {
  if (guarded.has(client)) return
  guarded.add(client)
  const { on, _pause, _unpause } = client as Partial<NodeRedisClient> & Pausable
  if (!on || !_pause || !_unpause) return
  on.call(client, 'reconnecting', () => _pause.call(client))
  on.call(client, 'connect', () => _unpause.call(client))
}

export abstract class NodeRedis extends Target implements StoreClient {
  readonly #client: NodeRedisState
  readonly #opened = new Set<OwnConnection>()
  #wasOpen: boolean
  readonly keyPrefix = ''
  readonly isReply = isReply

  // It never sends a command again that it has written: what it lost, it says.
  losses = 0
  connections = 0

  constructor(
    client: NodeRedisState & { on(event: string, listener: () => void): unknown },
    send: Send,
    state: NodeRedisState = client,
  ) {
    super(send)
    this.#client = state
    this.#wasOpen = state.isOpen
    // Each kind of client tells by other events that it has connected, and that it was closed.
    for (const event of ['ready', 'node-ready', 'node-reconnecting', 'topology-change']) {
      client.on(event, () => {
        this.connections += 1
      })
    }
    for (const event of ['connect', 'ready', 'topology-change']) {
      client.on(event, () => {
        this.#wasOpen = true
      })
    }
    for (const event of ['end', 'disconnect']) {
      client.on(event, () => {
        for (const connection of this.#opened) connection.close()
      })
    }
  }

  get state(): 'ready' | 'away' | 'ended' {
    const { isOpen, isReady } = this.#client
    if (isReady) return 'ready'
    return this.#wasOpen && !isOpen ? 'ended' : 'away'
  }

  async connected(): Promise<void> {
    if (this.state !== 'ready') throw new Error('the client is not connected')
  }

  get confirms(): boolean {
    return true
  }

  get sentinels(): Sentinels | undefined {
    return undefined
  }

  refresh(_key: string): void {}

  reconnect(): void {}

  abstract primaries(): Commands[]
  abstract primaryOf(key: string): string | undefined
  abstract locationOf(key: string): Location
  abstract open(primary: string, prepare: PrepareConnection | undefined): OwnConnection | undefined

  protected own<C extends OwnConnection>(connection: C): C {
    this.#opened.add(connection)
    connection.onEnded(() => this.#opened.delete(connection))
    return connection
  }
}
