import type { Redis } from 'ioredis'
import type { Server } from './scheduled-client.js'

// KEYS and SELECT are quick here: there is a handful of keys.
const COPY = `redis.call('SELECT', 1)
redis.call('FLUSHDB')
redis.call('SELECT', 0)
for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', key, key, 'DB', 1) end`

/**
 * A replica of the Redis that schedules are played on: its second database, which follows when a schedule says so, and may take
 * the first one's place. WAIT is answered as Redis does: it asks for the changes that were made on its connection, and on a new one,
 * or after commands that changed nothing, it waits for nothing.
 */
export class Replication {
  readonly #redis: Redis
  #changes = 0
  #copied = 0
  #changedBy = new WeakMap<object, number>()

  constructor(redis: Redis) {
    this.#redis = redis
  }

  get isBehind(): boolean {
    return this.#copied < this.#changes
  }

  /** Whether a WAIT that has to wait lasts until the replica has followed, or is over before. */
  isPatient = true

  readonly server: Server = async ([name = '', ...args], connection) => {
    if (name === 'WAIT') {
      if (this.#copied >= (this.#changedBy.get(connection) ?? 0)) return 1
      if (this.isPatient) await this.catchUp()
      return Number(this.isPatient)
    }
    const replies = await this.#redis
      .pipeline([
        ['info', 'persistence'],
        ['call', `${name}`, ...args],
        ['info', 'persistence'],
      ])
      .exec()
    const [before, reply, after] = replies ?? []
    if (changesOf(before?.[1]) !== changesOf(after?.[1])) {
      this.#changes += 1
      this.#changedBy.set(connection, this.#changes)
    }
    if (reply?.[0]) throw reply[0]
    return reply?.[1]
  }

  async catchUp(): Promise<void> {
    await this.#redis.eval(COPY, 0)
    this.#copied = this.#changes
  }

  /** The primary is lost, and with it what the replica hasn't got. */
  async failOver(): Promise<void> {
    await this.#redis.call('SWAPDB', 0, 1)
    await this.catchUp()
  }
}

function changesOf(info: unknown): string | undefined {
  return /rdb_changes_since_last_save:(\d+)/.exec(String(info))?.[1]
}
