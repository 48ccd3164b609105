import type { DurabilityOption } from './durability.js'
import type { TtlOption } from './expiry.js'
import type { Client } from './retrying-client.js'

export interface ExactRedisStoreOptions {
  /** A client of ioredis: `Redis` (also with Sentinel) or `Cluster`. */
  readonly client: Client
  /** What each key begins with. Default: `sess:` */
  readonly prefix?: string
  /** How long a session without an expiry of its own lives after its last use, in s. Default: a day */
  readonly ttl?: TtlOption
  /** How many keys a SCAN looks at at once. Default: 100 */
  readonly scanCount?: number
  /** A session's life isn't extended by its use, only by its change. Default: false */
  readonly disableTouch?: boolean
  /** Keys that hold a whole number, to which concurrent requests add. */
  readonly counters?: readonly string[]
  /** Keys that hold an array, to which concurrent requests append, and how many entries it keeps. */
  readonly logs?: Readonly<Record<string, number>>
  /** What a commit to a session that has ended meanwhile does beside changing nothing. Default: `ignore` */
  readonly onGone?: 'ignore' | 'error'
  /** How long an operation may take, in ms. Default: 5000 */
  readonly deadlineMs?: number
  /** When a commit is acknowledged. Default: `primary` */
  readonly durability?: DurabilityOption
}

/** How an update is made. */
export interface UpdateOptions {
  /** A key that this session's updates and commits take once: with one that they know, nothing is changed. */
  readonly idempotencyKey?: string | undefined
  /** The session's keys that are wanted, beside its cookie; those left out are as if they were not there. Default: all. */
  readonly keys?: readonly string[] | undefined
}

/** What the store emits beside; for metrics. */
export type ExactRedisStoreEvent =
  /** A session was loaded; with the ms that it took. */
  | 'load'
  /** A session was committed; with the ms that it took. */
  | 'commit'
  /** An operation was sent again; with the error that made it so. */
  | 'retry'
  /** A commit met commits of others to the same counters, and was merged with them. */
  | 'conflict'
  /** A commit came too late: its session had ended. */
  | 'gone'
  /** A commit under an idempotency key that had been committed before. */
  | 'duplicate'
