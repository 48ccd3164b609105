// A change of one session, on its way to Redis, and what became of it.
import type { Change } from './change.js'
import type { Expiry } from './expiry.js'
import type { LegacyRecord } from './session-codec.js'

/** One commit, as the script takes it. */
export interface Commit {
  /** Of an existing session only, only if there is none, or whatever is there. */
  readonly mode: 'update' | 'create' | 'replace'
  readonly idempotencyKey: string
  readonly change: Change
  /** Counters that the change leaves alone, and whose true value is wanted all the same. */
  readonly reads: readonly string[]
  /** The record of connect-redis that was loaded. */
  readonly legacy: LegacyRecord | undefined
  /** ms until the session expires; undefined for as its own last commit said. */
  readonly ttlMs: number | undefined
  /** How it is to be extended from now on; undefined for as it was. */
  readonly expiry: Expiry | undefined
  /** How many entries each capped list keeps. */
  readonly cappedLists: ReadonlyMap<string, number>
  /**
   * Which fields to return after the commit, the session extended: all, or this list, `:cookie` first: without a cookie nothing is
   * returned.
   */
  readonly loads?: 'all' | readonly string[]
}

/** What became of a commit, and the counters as it left them; if it loads, the session as its whole batch left it. */
export type CommitOutcome = readonly [
  'ok' | 'dup' | 'gone' | 'exists' | 'moved',
  counters?: Readonly<Record<string, number>> | undefined,
  found?: readonly string[],
]
