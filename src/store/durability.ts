import type { Cluster, Redis } from 'ioredis'
import { ClusterWriters } from './confirmed-connections.js'
import { NotDurableError } from './errors.js'
import { InSyncWait } from './in-sync.js'
import { type Client, primariesOf } from './retrying-client.js'
import { Writer } from './confirmed-connection.js'

/**
 * When a change counts as done: when the primary has it, n replicas (WAIT), or its disk (WAITAOF, Redis 7.2). With Sentinels,
 * n replicas are at least n, and all that the Sentinels might give the lead to; in a Cluster they are n of the key's primary.
 */
export type DurabilityOption = 'primary' | { readonly waitReplicas: number } | { readonly local: true }

type Write = <T>(key: string, change: (client: Client) => Promise<T>) => Promise<T>

/** Lets a change count only once it is as durable as was chosen. */
export class Durability {
  readonly #option: DurabilityOption
  readonly #client: Client
  readonly #deadlineMs: number
  readonly #write: Write | undefined
  #checked: Promise<void> | undefined

  /** @throws TypeError for a combination that can't be kept. */
  constructor(option: DurabilityOption, client: Client, deadlineMs: number) {
    this.#option = option
    this.#client = client
    this.#deadlineMs = deadlineMs
    if (option === 'primary') return
    if ('waitReplicas' in option && !(Number.isInteger(option.waitReplicas) && option.waitReplicas > 0)) {
      throw new TypeError('durability.waitReplicas: expected a whole number from 1')
    }
    if (client.isCluster) {
      const writers = new ClusterWriters(client as Cluster, (connection) => this.#confirm(connection))
      this.#write = (key, change) => writers.write(key, change)
    } else {
      const writer = this.#writer(client as Redis, option)
      this.#write = (_key, change) => writer.write(change)
    }
  }

  get #patienceMs(): number {
    return Math.ceil(this.#deadlineMs / 4)
  }

  /** Whether changes are made on a connection of their own, and waited for. */
  get waits(): boolean {
    return this.#write !== undefined
  }

  /**
   * Makes a change of a key on the connection that it has to be made on, and waits until it is durable.
   * @throws NotDurableError where that wasn't confirmed in time: make it again, under its mark.
   * @throws Error where this server can't confirm what was chosen: nothing was changed.
   */
  write<T>(client: Client, key: string, change: (client: Client) => Promise<T>): Promise<T> {
    const write = this.#write
    return write ? this.check().then(() => write(key, change)) : change(client)
  }

  #writer(client: Redis, option: Exclude<DurabilityOption, 'primary'>): Writer {
    const connection = client.duplicate()
    client.once('end', () => connection.disconnect())
    if (!('waitReplicas' in option) || !connection.options.sentinels)
      return new Writer(connection, () => this.#confirm(connection))
    if (connection.options.natMap)
      throw new TypeError('durability.waitReplicas: not with Sentinels and a natMap')
    const inSync = new InSyncWait(connection, option.waitReplicas, this.#patienceMs, () => {
      // Both ask the Sentinels anew.
      for (const stale of [connection, client]) stale.disconnect(true)
    })
    return new Writer(connection, () => inSync.confirm())
  }

  async #confirm(connection: Redis): Promise<void> {
    const option = this.#option as Exclude<DurabilityOption, 'primary'>
    const wanted = 'waitReplicas' in option ? option.waitReplicas : 1
    const [confirmed] =
      'waitReplicas' in option
        ? [await connection.wait(wanted, this.#patienceMs)]
        : ((await connection.call('WAITAOF', wanted, 0, this.#patienceMs)) as [number, number])
    if (confirmed < wanted) throw new NotDurableError(`confirmed by ${confirmed} of ${wanted}`)
  }

  /** Asks the servers once. @throws Error where one can't confirm what was chosen. */
  check(): Promise<void> {
    this.#checked ??= this.#ask().catch((error: unknown) => {
      this.#checked = undefined
      throw error
    })
    return this.#checked
  }

  async #ask(): Promise<void> {
    if (typeof this.#option !== 'object' || !('local' in this.#option)) return
    const servers = primariesOf(this.#client)
    if (servers.length === 0) throw new NotDurableError('no primary is known')
    try {
      await Promise.all(servers.map((server) => server.call('WAITAOF', 1, 0, 1)))
    } catch (error) {
      if (!(error instanceof Error && /WAITAOF/i.test(error.message))) throw error
      throw new TypeError('durability: { local: true } needs WAITAOF (Redis 7.2) and appendonly yes', {
        cause: error,
      })
    }
  }
}
