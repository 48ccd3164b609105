// Who an instance is, as answers, logs and the page name it.

export interface Instance {
  readonly id: string
  /** Given by Cloud Foundry or another platform, or leased from Redis (index-lease.ts); null: none. */
  readonly index: number | null
}

/** An instance that is alive. */
export interface LiveInstance extends Instance {
  /** ms since 1970 */
  readonly startedAt: number
}
