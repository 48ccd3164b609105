// What the store needs of a Redis client, whichever library it comes from.

/** A Lua script and the SHA-1 that Redis caches it by. */
export interface Script {
  readonly sha: string
  readonly lua: string
}

export type Argument = string | number

/** Something that takes commands: a client, one of its servers, or a connection of the store's own. */
export interface Commands {
  /** Runs a script by its text, or by its hash: the error begins with NOSCRIPT if the server doesn't know that. */
  script(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    byText: boolean,
  ): Promise<unknown>
  /** Sends a command; a Cluster routes it by its key. */
  call(command: string, ...args: Argument[]): Promise<unknown>
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** The server that has a key, as traces name it; what isn't known is left out. */
export interface Location {
  /** A name or address, or the path of a socket. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** The number of the database (SELECT). */
  readonly database?: number | undefined
}

/** A connection that the store opened, on which nothing else is sent. */
export interface OwnConnection extends Commands {
  /** The server that it is connected to; undefined while it is to none. */
  readonly server: Address | undefined
  /** Calls the listener each time that the connection is lost. */
  onLost(listener: () => void): void
  /** Calls the listener when the connection has ended for good. */
  onEnded(listener: () => void): void
  /** Connects again, through the Sentinels if there are any. */
  reconnect(): void
  close(): void
}

/** How to reach the Sentinels that a client was given. */
export interface Sentinels {
  /** The name of the set that they watch. */
  readonly set: string
  readonly addresses: readonly Address[]
  /** Whether the client connects to other addresses than the Sentinels name (ioredis' natMap). */
  readonly translated: boolean
  /** Sends commands to one of them, on a connection for just these. @returns the replies. */
  ask(
    sentinel: Address,
    commands: readonly (readonly [string, ...string[]])[],
    timeoutMs: number,
  ): Promise<unknown[]>
}

/** A client, as the store sees it. The user connects and ends it. */
export interface StoreClient extends Commands {
  /** `away` while commands would wait or fail, `ended` if it was told to stop for good. */
  readonly state: 'ready' | 'away' | 'ended'
  /** How often a connection was lost. What was in flight then may be sent again by the client itself. */
  readonly losses: number
  /** How often it connected, to any server. */
  readonly connections: number
  /** Resolves if the client knows its servers; if it rejects, it may be asked again. */
  connected(): Promise<void>
  /** The servers that take changes; none while a Cluster isn't known yet. */
  primaries(): Commands[]
  /** Names the primary that has a key; undefined while it is not known. */
  primaryOf(key: string): string | undefined
  /** Says where a key is, as far as is known. */
  locationOf(key: string): Location
  /** Whether it opens connections of the store's own, on which replicas or the disk can confirm a change. */
  readonly confirms: boolean
  /**
   * Opens a connection of the store's own.
   * @returns undefined if what was a primary no longer is one.
   */
  open(primary: string, prepare: PrepareConnection | undefined): OwnConnection | undefined
  /** To be called if a change of a key failed: a Cluster is asked for its slots again. */
  refresh(key: string): void
  readonly sentinels: Sentinels | undefined
  /** Connects again, through the Sentinels if there are any. */
  reconnect(): void
  /** Whether an error is an answer of Redis, which then has not done the command; any other is the connection's or the client's. */
  isReply(error: unknown): error is Error
  /** What the client puts before each key by itself; '' for nothing. */
  readonly keyPrefix: string
}

/** What is done with each connection that the store opens, before it is used: what the user did with the client itself. */
export type PrepareConnection = (connection: object) => void

/** @param address `host:port` of a Cluster's node, which has one database. */
export function locationOf(address: string | undefined): Location {
  if (!address) return {}
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)), database: 0 }
}
