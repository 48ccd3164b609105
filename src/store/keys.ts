import { randomBytes } from 'node:crypto'
import { type Client, primariesOf } from './retrying-client.js'

const RETIRED = /:retired:[\w-]+$/

/** The names of the sessions in Redis. */
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
    // What stands in the first braces decides the slot; where there are none of the user's, the whole key is to.
    return `${hasTag(key) ? key : `{${key}}`}:retired:${randomBytes(9).toString('base64url')}`
  }

  /** @returns the ids of all sessions. */
  async scan(client: Client): Promise<string[]> {
    // A Cluster client knows its nodes once it is connected.
    if (client.status !== 'ready') await client.ping()
    const ids = new Set<string>()
    const match = `${this.#prefix.replace(/[\\*?[\]]/g, '\\$&')}*`
    for (const node of primariesOf(client)) {
      let cursor = '0'
      do {
        const [next, keys] = await node.scan(cursor, 'MATCH', match, 'COUNT', this.scanCount)
        for (const key of keys) {
          if (!(hasTag(key) && RETIRED.test(key))) ids.add(key.slice(this.#prefix.length))
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
