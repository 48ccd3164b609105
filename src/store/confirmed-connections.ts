import calculateSlot from 'cluster-key-slot'
import type { Cluster, Redis } from 'ioredis'
import { NotDurableError } from './errors.js'
import { primariesOf } from './retrying-client.js'
import { Writer } from './confirmed-connection.js'

/** A writer for each primary of a Cluster: what confirms a change has to be asked of the server that took it. */
export class ClusterWriters {
  readonly #cluster: Cluster
  readonly #confirm: (connection: Redis) => Promise<void>
  /** By `host:port`. */
  readonly #writers = new Map<string, Writer>()
  readonly #connections = new Set<Redis>()

  constructor(cluster: Cluster, confirm: (connection: Redis) => Promise<void>) {
    this.#cluster = cluster
    this.#confirm = confirm
    cluster.once('end', () => {
      for (const connection of this.#connections) connection.disconnect()
    })
  }

  /**
   * Makes a change on the server that has the key. While its slot moves it may be refused: try again.
   * @throws what Writer.write throws.
   */
  async write<T>(key: string, change: (connection: Redis) => Promise<T>): Promise<T> {
    try {
      return await this.#writerOf(key).write(change)
    } catch (error) {
      // Commands that ioredis routes do that by themselves.
      this.#cluster.refreshSlotsCache()
      throw error
    }
  }

  #writerOf(key: string): Writer {
    const [name = ''] = this.#cluster.slots[calculateSlot(key)] ?? []
    const known = this.#writers.get(name)
    if (known) return known
    const node = primariesOf(this.#cluster).find(({ options: { host, port } }) => `${host}:${port}` === name)
    if (!node) throw new NotDurableError('no primary is known')
    const connection = node.duplicate()
    // What was done to the client's own connections is done to this one.
    for (const prepare of this.#cluster.listeners('+node')) prepare(connection, name)
    const writer = new Writer(connection, () => this.#confirm(connection))
    this.#writers.set(name, writer)
    this.#connections.add(connection)
    connection.once('end', () => {
      this.#writers.delete(name)
      this.#connections.delete(connection)
    })
    return writer
  }
}
