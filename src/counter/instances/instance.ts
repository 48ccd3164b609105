/** Who an instance is, as answers, logs and the page name it. */
export interface Instance {
  readonly id: string
  /** The index that Cloud Foundry, or the platform in its stead, gave, or that it leased; null for none. */
  readonly index: number | null
}

/** An instance that lives. */
export interface LiveInstance extends Instance {
  /** ms since 1970 */
  readonly startedAt: number
}
