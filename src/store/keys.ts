// The names of the sessions in Redis.
import { randomBytes } from 'node:crypto'
import type { Commands } from './clients/client.js'

/** What this store has besides sessions. */
const OTHERS = /:(retired:[\w-]+|commits)$/

export class Keys {
  readonly #prefix: string
  readonly #keyPrefix: string
  /** How many keys are looked at at once. */
  readonly scanCount: number

  /** @param keyPrefix what the client puts before each key. */
  constructor(prefix: string, scanCount: number, keyPrefix: string) {
    this.#prefix = prefix
    this.#keyPrefix = keyPrefix
    this.scanCount = scanCount
  }

  /** @returns the key of a session. */
  of(sid: string): string {
    return this.#prefix + sid
  }

  /** @returns the id of the session that has this key. */
  idOf(key: string): string {
    return key.slice(this.#prefix.length)
  }

  /** @returns a key in the same slot of a Cluster, for what a session leaves behind. */
  retired(sid: string): string {
    return `${taggedBy(this.of(sid), this.#keyPrefix)}:retired:${randomBytes(9).toString('base64url')}`
  }

  /** @returns a key in the same slot, for what is remembered of the commits to a record of connect-redis. */
  commits(key: string): string {
    return `${taggedBy(key, this.#keyPrefix)}:commits`
  }

  /** Looks at some keys of a server. @returns the ids of the sessions among them, and where to look next; "0" for the end. */
  async scan(
    server: Commands,
    keyPrefix: string,
    cursor: string,
  ): Promise<{ readonly next: string; readonly ids: string[] }> {
    const prefix = keyPrefix + this.#prefix
    const match = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`
    const reply = await server.call('SCAN', cursor, 'MATCH', match, 'COUNT', this.scanCount)
    const [next, keys] = reply as [string, string[]]
    const ours = keys.filter((key) => !(hasTag(key) && OTHERS.test(key)))
    return { next, ids: ours.map((key) => key.slice(prefix.length)) }
  }
}

/** What stands in the first braces decides the slot; if there are none of the user's, the whole key is to. */
function taggedBy(key: string, keyPrefix: string): string {
  return hasTag(keyPrefix + key) ? key : `{${keyPrefix}${key}}`
}

function hasTag(key: string): boolean {
  return /^[^{]*\{[^}]+\}/.test(key)
}
