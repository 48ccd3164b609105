// The names of the sessions in Redis.
import { randomBytes } from 'node:crypto'
import type { StoreClient } from './clients/client.js'

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

  /** @returns the ids of all sessions. */
  async scan(client: StoreClient): Promise<string[]> {
    await client.connected()
    const ids = new Set<string>()
    const prefix = client.keyPrefix + this.#prefix
    const match = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`
    for (const primary of client.primaries()) {
      let cursor = '0'
      do {
        const reply = await primary.call('SCAN', cursor, 'MATCH', match, 'COUNT', this.scanCount)
        const [next, keys] = reply as [string, string[]]
        for (const key of keys) {
          if (!(hasTag(key) && RETIRED.test(key))) ids.add(key.slice(prefix.length))
        }
        cursor = next
      } while (cursor !== '0')
    }
    return [...ids]
  }
}

function hasTag(key: string): boolean {
  return /^[^{]*\{[^}]+\}/.test(key)
}
