import type { Cluster, Redis } from 'ioredis'
import type { Client } from './redis-commands.js'

/** The names of what belongs to a session in Redis: all in one slot of a Cluster. */
export interface SessionKeys {
  readonly key: string
  readonly keys: string
  readonly retired: string
}

const BESIDE = /:(keys|retired)$/

export class Keys {
  readonly #prefix: string
  readonly #scanCount: number

  constructor(prefix: string, scanCount: number) {
    this.#prefix = prefix
    this.#scanCount = scanCount
  }

  of(sid: string): SessionKeys {
    const key = this.#prefix + sid
    // What stands in the first braces decides the slot; where there are none of the user's, the whole key is to.
    const tagged = hasTag(key) ? key : `{${key}}`
    return { key, keys: `${tagged}:keys`, retired: `${tagged}:retired` }
  }

  /** @returns the ids of all sessions. */
  async scan(client: Client): Promise<string[]> {
    const nodes = client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]
    const ids = new Set<string>()
    const match = `${this.#prefix.replace(/[\\*?[\]]/g, '\\$&')}*`
    for (const node of nodes) {
      let cursor = '0'
      do {
        const [next, keys] = await node.scan(cursor, 'MATCH', match, 'COUNT', this.#scanCount)
        for (const key of keys) {
          if (!(hasTag(key) && BESIDE.test(key))) ids.add(key.slice(this.#prefix.length))
        }
        cursor = next
      } while (cursor !== '0')
    }
    return [...ids]
  }
}

function hasTag(key: string): boolean {
  return /\{[^}]+\}/.test(key)
}
