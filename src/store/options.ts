// What the store takes.
import type { SessionData } from 'express-session'
import type { RedisClient } from './clients/detect.js'
import type { DurabilityOption } from './durability.js'
import type { TtlOption } from './expiry.js'
import type { CounterKey, EntriesOf, ListKey } from './session-keys.js'

/**
 * The options of a store whose sessions hold `Data`.
 * @example
 * const options: ExactRedisStoreOptions<{ visits: number }> = { client, counters: ['visits'] }
 */
export interface ExactRedisStoreOptions<Data = SessionData> {
  /** A client of ioredis, iovalkey or node-redis (5 or later): standalone, Sentinel or Cluster. */
  readonly client: RedisClient
  /** What each key begins with. Default: `sess:` */
  readonly prefix?: string
  /** Seconds from its last use until a session expires whose cookie says nothing else. Default: a day */
  readonly ttl?: TtlOption<SessionData & Data>
  /** How many keys a SCAN looks at at once. Default: 100 */
  readonly scanCount?: number
  /** A session isn't extended by its use, only by its change. Default: false */
  readonly disableTouch?: boolean
  /** Keys that hold a whole number, to which concurrent requests add. */
  readonly counters?: readonly CounterKey<Data>[]
  /** Keys that hold an array, to which concurrent requests append, and how many entries it keeps: the newest. */
  readonly cappedLists?: { readonly [Key in ListKey<Data>]?: number }
  /** What a commit to a session that has ended in the meantime does besides changing nothing. Default: `ignore` */
  readonly onGone?: 'ignore' | 'error'
  /** How long an operation may take, in ms. Default: 5000 */
  readonly deadlineMs?: number
  /** When a change is acknowledged. Default: `primary` */
  readonly durability?: DurabilityOption
  /**
   * Keys to encrypt values with (AES-256-GCM), 32 bytes each: a Uint8Array, or its hex or base64 text. The first one encrypts, all
   * decrypt; put a new one in front to rotate them. Not encrypted: counters, capped lists, which Redis merges, the names of keys, and
   * the answers kept for idempotency keys. What was stored before stays readable, and is encrypted when it is next changed.
   */
  readonly encryptionKeys?: readonly (string | Uint8Array)[]
  /** Reads what connect-redis wrote with a `serializer`: its `parse`. Default: JSON.parse */
  parseRecord?(text: string): unknown
  /**
   * How sessions are written; both forms are read. `connect-redis` is for a rollout, and for the way back: other instances may run
   * connect-redis at the same time. A commit is then merged with those of this store as always, takes two round trips, and is not
   * encrypted; what connect-redis writes replaces the session. Default: `hash`
   */
  readonly format?: 'hash' | 'connect-redis'
  /** Writes a record for connect-redis with a `serializer`: its `stringify`. Default: JSON.stringify */
  stringifyRecord?(session: SessionData): string
  /**
   * Called with each connection that the store opens besides the client, before it is used: a duplicate of it. Stores on one
   * client with the same `durability` and `deadlineMs` share these connections, and the function of the first one.
   */
  prepareConnection?(connection: object): void
}

/**
 * How an update is made.
 * @example
 * await store.update(sid, { add: { visits: 1 } }, { idempotencyKey: req.get('Idempotency-Key'), keys: ['visits'] })
 */
export interface UpdateOptions {
  /** A key that this session's updates and commits take once: with one that they know, nothing is changed. */
  readonly idempotencyKey?: string | undefined
  /** The session's keys that are wanted, besides its cookie; those left out are as if they were not there. Default: all. */
  readonly keys?: readonly string[] | undefined
}

/**
 * A change to counters and capped lists that is made without a look at the session.
 * @example
 * await store.update(sid, { add: { visits: 1 }, append: { trail: ['now'] } })
 */
export interface SessionUpdate<Data = SessionData> {
  readonly add?: { readonly [Key in CounterKey<Data>]?: number }
  readonly append?: { readonly [Key in ListKey<Data>]?: EntriesOf<Data, Key> }
}

/**
 * An update that a request makes as its session is loaded.
 * @example
 * app.get('/', store.updateOnLoad(sessions, (): UpdateOnLoad => ({ add: { visits: 1 } })), handler)
 */
export interface UpdateOnLoad<Data = SessionData> extends SessionUpdate<Data>, UpdateOptions {}

/**
 * What became of a session on the way back to connect-redis.
 * @example
 * if (converted.outcome === 'failed') log.error({ error: converted.error }, converted.id)
 */
export interface ConvertedSession {
  readonly id: string
  /** `unchanged`: it was written so already; `gone`: it ended in the meantime; `failed`: it stays as it is. */
  readonly outcome: 'written' | 'unchanged' | 'gone' | 'failed'
  /** Why it failed: a ForeignRecordError or a DecryptionError. */
  readonly error?: unknown
}
