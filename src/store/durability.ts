// When a change counts as made.
import type { Commands, OwnConnection, PrepareConnection, StoreClient } from './clients/client.js'
import { ConfirmedConnections } from './confirmed-connections.js'
import { DurabilityUnsupportedError, NotDurableError } from './errors.js'
import { InSyncWait } from './in-sync.js'

/**
 * When a change is acknowledged: when the primary has it, when it is on the primary's disk (WAITAOF, Redis 7.2), or when n
 * replicas have it (WAIT). With Sentinels these are at least n, and all that the Sentinels might promote; in a Cluster they are
 * n of the key's primary.
 * @example
 * new ExactRedisStore({ client, durability: { replicas: 1 } })
 */
export type DurabilityOption = 'primary' | 'disk' | { readonly replicas: number }

/** Lets a change count only once it is as durable as was chosen. */
export class Durability {
  readonly #option: DurabilityOption
  readonly #client: StoreClient
  readonly #patienceMs: number
  readonly #connections: ConfirmedConnections | undefined
  #checked: Promise<void> | undefined

  /** @throws TypeError for a choice that can't be kept. */
  constructor(
    option: DurabilityOption,
    client: StoreClient,
    deadlineMs: number,
    prepare?: PrepareConnection | undefined,
  ) {
    this.#option = option
    this.#client = client
    this.#patienceMs = Math.ceil(deadlineMs / 4)
    if (option === 'primary') return
    if (!client.confirms)
      throw new TypeError(
        "durability: expected 'primary', or createSentinel of node-redis 6: that of version 5 can't confirm more",
      )
    if (option !== 'disk' && client.sentinels?.translated)
      throw new TypeError('durability: { replicas } does not work with Sentinels and a natMap')
    const command = option === 'disk' ? 'WAITAOF' : 'WAIT'
    this.#connections = new ConfirmedConnections(client, prepare, command, (connection) =>
      this.#confirmation(connection),
    )
  }

  /** Whether changes are made on a connection of their own, and waited for. */
  get waits(): boolean {
    return this.#connections !== undefined
  }

  /**
   * Makes a change of a key on the connection that it has to be made on, and waits until it is durable.
   * @throws NotDurableError if that wasn't confirmed in time: make it again, under its mark.
   * @throws DurabilityUnsupportedError if this server can't confirm what was chosen: nothing was changed.
   */
  write<T>(key: string, change: (connection: Commands) => Promise<T>): Promise<T> {
    const connections = this.#connections
    return connections ? this.check().then(() => connections.write(key, change)) : change(this.#client)
  }

  /** Asks the servers once. @throws DurabilityUnsupportedError if one can't confirm what was chosen. */
  check(): Promise<void> {
    this.#checked ??= this.#ask().catch((error: unknown) => {
      this.#checked = undefined
      throw error
    })
    return this.#checked
  }

  /** @returns what waits until all changes made on the connection are durable. */
  #confirmation(connection: OwnConnection): () => Promise<void> {
    const option = this.#option
    if (typeof option !== 'object') return () => this.#confirm(connection, 1, ['WAITAOF', 1, 0])
    const { replicas } = option
    const { sentinels } = this.#client
    if (!sentinels) return () => this.#confirm(connection, replicas, ['WAIT', replicas])
    const inSync = new InSyncWait(connection, sentinels, replicas, this.#patienceMs, () => {
      // Both ask the Sentinels again.
      for (const stale of [connection, this.#client]) stale.reconnect()
    })
    return () => inSync.confirm()
  }

  async #confirm(connection: Commands, wanted: number, command: [string, ...number[]]): Promise<void> {
    const reply = await connection.call(...command, this.#patienceMs)
    const confirmed = Number(Array.isArray(reply) ? reply[0] : reply)
    if (confirmed < wanted) throw new NotDurableError(`confirmed by ${confirmed} of ${wanted}`)
  }

  async #ask(): Promise<void> {
    if (this.#option !== 'disk') return
    const servers = this.#client.primaries()
    if (servers.length === 0) throw new NotDurableError('no primary is known')
    try {
      await Promise.all(servers.map((server) => server.call('WAITAOF', 1, 0, 1)))
    } catch (error) {
      if (!(error instanceof Error && /WAITAOF/i.test(error.message))) throw error
      throw new DurabilityUnsupportedError(error)
    }
  }
}
