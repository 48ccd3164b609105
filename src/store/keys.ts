// The names of the sessions in Redis.
import { randomBytes } from 'node:crypto'
import type { Commands } from './clients/client.js'

const RETIRED = /:retired:[\w-]+$/

export class Keys {
  readonly #prefix: string
  /** How many keys are looked at at once. */
  readonly scanCount: number

  constructor(prefix: string, scanCount: number) {
    this.#prefix = prefix
    this.scanCount = scanCount
  }

  /** @returns the key of a session. */
  of(sid: string): string {
    return this.#prefix + sid
  }

  /** @returns a key in the same slot of a Cluster, for what a session leaves behind. */
  retired(sid: string): string {
    const key = this.of(sid)
    // What stands in the first braces decides the slot; if there are none of the user's, the whole key is to.
    return `${hasTag(key) ? key : `{${key}}`}:retired:${randomBytes(9).toString('base64url')}`
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
    const ours = keys.filter((key) => !(hasTag(key) && RETIRED.test(key)))
    return { next, ids: ours.map((key) => key.slice(prefix.length)) }
  }
}

function hasTag(key: string): boolean {
  return /^[^{]*\{[^}]+\}/.test(key)
}
