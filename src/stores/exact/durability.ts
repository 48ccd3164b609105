import type { Redis } from 'ioredis'
import { NotDurableError } from './errors.js'
import { InSyncWait } from './in-sync.js'
import type { Client } from './redis-commands.js'

/**
 * When a change counts as done: when the primary has it, n replicas (WAIT), or its disk (WAITAOF, Redis 7.2). With Sentinels,
 * n replicas are at least n, and all that the Sentinels might give the lead to.
 */
export type DurabilityOption = 'primary' | { readonly waitReplicas: number } | { readonly local: true }

interface Written {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Lets a change count only once it is as durable as was chosen. WAIT holds up the connection that it is sent on, and speaks
 * of the changes made on that connection: so these changes have a connection of their own, and share one wait.
 */
export class Durability {
  readonly #option: DurabilityOption
  readonly #deadlineMs: number
  #connection: Redis | undefined
  #inSync: InSyncWait | undefined
  /** How often it was lost. */
  #losses = 0
  #written: Written[] = []
  #waiting = false
  #checked: Promise<void> | undefined

  /** @throws TypeError for a combination that can't be kept. */
  constructor(option: DurabilityOption, client: Client, deadlineMs: number) {
    this.#option = option
    this.#deadlineMs = deadlineMs
    if (option === 'primary') return
    if ('waitReplicas' in option && !(Number.isInteger(option.waitReplicas) && option.waitReplicas > 0)) {
      throw new TypeError('durability.waitReplicas: expected a whole number from 1')
    }
    if (client.isCluster) throw new TypeError('durability: a Cluster client takes only "primary"')
    const connection = (client as Redis).duplicate()
    connection.on('error', () => {})
    connection.on('close', () => {
      this.#losses += 1
    })
    client.once('end', () => connection.disconnect())
    this.#connection = connection
    if (!('waitReplicas' in option) || !connection.options.sentinels) return
    if (connection.options.natMap)
      throw new TypeError('durability.waitReplicas: not with Sentinels and a natMap')
    this.#inSync = new InSyncWait(connection, option.waitReplicas, this.#patienceMs, () => {
      // Both ask the Sentinels anew.
      for (const stale of [connection, client]) stale.disconnect(true)
    })
  }

  get #patienceMs(): number {
    return Math.ceil(this.#deadlineMs / 4)
  }

  /** Whether changes are made on a connection of their own, and waited for. */
  get waits(): boolean {
    return this.#connection !== undefined
  }

  /**
   * Makes a change on the connection that it has to be made on, and waits until it is durable.
   * @throws NotDurableError where that wasn't confirmed in time: make it again, under its mark.
   * @throws Error where this server can't confirm what was chosen: nothing was changed.
   */
  async write<T>(client: Client, change: (client: Client) => Promise<T>): Promise<T> {
    const connection = this.#connection
    if (!connection) return change(client)
    await this.check()
    const losses = this.#losses
    const result = await change(connection)
    await new Promise<void>((resolve, reject) => {
      this.#written.push({ resolve, reject })
      void this.#confirm(connection)
    })
    // On a new connection, which knows of no change, a wait is over at once.
    if (losses !== this.#losses) throw new NotDurableError('the connection was lost')
    return result
  }

  async #confirm(connection: Redis): Promise<void> {
    if (this.#waiting) return
    this.#waiting = true
    while (this.#written.length > 0) {
      const written = this.#written
      this.#written = []
      try {
        await this.#confirmed(connection)
        for (const { resolve } of written) resolve()
      } catch (cause) {
        // Whatever the wait failed with: the change itself has been made.
        const error = cause instanceof NotDurableError ? cause : new NotDurableError((cause as Error).message)
        for (const { reject } of written) reject(error)
      }
    }
    this.#waiting = false
  }

  async #confirmed(connection: Redis): Promise<void> {
    if (this.#inSync) return this.#inSync.confirm()
    const option = this.#option as Exclude<DurabilityOption, 'primary'>
    const wanted = 'waitReplicas' in option ? option.waitReplicas : 1
    const [confirmed] =
      'waitReplicas' in option
        ? [await connection.wait(wanted, this.#patienceMs)]
        : ((await connection.call('WAITAOF', wanted, 0, this.#patienceMs)) as [number, number])
    if (confirmed < wanted) throw new NotDurableError(`confirmed by ${confirmed} of ${wanted}`)
  }

  /** Asks the server once. @throws Error where it can't confirm what was chosen. */
  check(): Promise<void> {
    this.#checked ??= this.#ask().catch((error: unknown) => {
      this.#checked = undefined
      throw error
    })
    return this.#checked
  }

  async #ask(): Promise<void> {
    if (!this.#connection || typeof this.#option !== 'object' || !('local' in this.#option)) return
    try {
      await this.#connection.call('WAITAOF', 1, 0, 1)
    } catch (error) {
      if (!(error instanceof Error && /WAITAOF/i.test(error.message))) throw error
      throw new TypeError('durability: { local: true } needs WAITAOF (Redis 7.2) and appendonly yes', {
        cause: error,
      })
    }
  }
}
