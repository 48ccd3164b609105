// A confirmed connection to each primary.
import type { OwnConnection, PrepareConnection, StoreClient } from './clients/client.js'
import { ConfirmedConnection } from './confirmed-connection.js'
import { NotDurableError } from './errors.js'

/** What confirms a change has to be asked of the server that took it: in a Cluster the primary of its key. */
export class ConfirmedConnections {
  readonly #client: StoreClient
  readonly #prepare: PrepareConnection | undefined
  readonly #command: string
  readonly #confirmation: (connection: OwnConnection) => () => Promise<void>
  /** By the primary's name. */
  readonly #connections = new Map<string, ConfirmedConnection>()

  /**
   * @param command what they confirm by, for traces.
   * @param confirmation makes, for a connection, what waits until all changes made on it by then are durable.
   */
  constructor(
    client: StoreClient,
    prepare: PrepareConnection | undefined,
    command: string,
    confirmation: (connection: OwnConnection) => () => Promise<void>,
  ) {
    this.#client = client
    this.#prepare = prepare
    this.#command = command
    this.#confirmation = confirmation
  }

  /**
   * Makes a change on the server that has the key. While its slot moves it may be refused: try again.
   * @throws what ConfirmedConnection.write throws.
   */
  async write<T>(key: string, change: (connection: OwnConnection) => Promise<T>): Promise<T> {
    try {
      return await this.#connectionOf(key).write(change)
    } catch (error) {
      this.#client.refresh(key)
      throw error
    }
  }

  #connectionOf(key: string): ConfirmedConnection {
    const primary = this.#client.primaryOf(key) ?? ''
    const known = this.#connections.get(primary)
    if (known) return known
    const connection = this.#client.open(primary, this.#prepare)
    if (!connection) throw new NotDurableError('no primary is known')
    const confirmed = new ConfirmedConnection(connection, this.#command, this.#confirmation(connection))
    this.#connections.set(primary, confirmed)
    connection.onEnded(() => this.#connections.delete(primary))
    return confirmed
  }
}
