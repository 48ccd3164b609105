// A connection for changes that count only once they are confirmed.
import type { OwnConnection } from './clients/client.js'
import { NotDurableError } from './errors.js'
import { isTraced, traced } from './traces.js'

interface Written {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * WAIT holds up the connection that it is sent on, and speaks of the changes made on that connection: so these changes have a
 * connection of their own, and share one wait.
 */
export class ConfirmedConnection {
  readonly #connection: OwnConnection
  readonly #command: string
  readonly #confirm: () => Promise<void>
  /** How often it was lost. */
  #losses = 0
  #written: Written[] = []
  #waiting = false

  /**
   * @param command what it confirms by, for traces.
   * @param confirm waits until all changes made on the connection by then are durable; it throws if that isn't known in time.
   */
  constructor(connection: OwnConnection, command: string, confirm: () => Promise<void>) {
    this.#connection = connection
    this.#command = command
    this.#confirm = confirm
    connection.onLost(() => {
      this.#losses += 1
    })
  }

  /** @throws NotDurableError if the change was made, and not confirmed in time; what the change throws. */
  async write<T>(change: (connection: OwnConnection) => Promise<T>): Promise<T> {
    const losses = this.#losses
    const result = await change(this.#connection)
    await (isTraced('wait')
      ? traced('wait', { command: this.#command }, () => this.#confirmed())
      : this.#confirmed())
    // On a new connection, which knows of no change, a wait is over at once.
    if (losses !== this.#losses) throw new NotDurableError('the connection was lost')
    return result
  }

  #confirmed(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#written.push({ resolve, reject })
      void this.#confirmAll()
    })
  }

  async #confirmAll(): Promise<void> {
    if (this.#waiting) return
    this.#waiting = true
    while (this.#written.length > 0) {
      const written = this.#written
      this.#written = []
      try {
        await this.#confirm()
        for (const { resolve } of written) resolve()
      } catch (cause) {
        // Whatever the wait failed with: the change itself has been made.
        const error = cause instanceof NotDurableError ? cause : new NotDurableError((cause as Error).message)
        for (const { reject } of written) reject(error)
      }
    }
    this.#waiting = false
  }
}
