// What the store emits, for metrics.

/**
 * How an operation ended; `gone`: on a session that had ended in the meantime.
 * @example
 * store.on('commit', (ms, outcome: OperationOutcome) => histogram.observe({ outcome }, ms / 1000))
 */
export type OperationOutcome = 'ok' | 'gone' | 'error'

type OperationEvent = [ms: number, outcome: OperationOutcome]

/**
 * The store's events, and what their listeners get.
 * @example
 * store.on('retry', (error) => log.warn({ error }, 'sent to Redis again'))
 */
export interface ExactRedisStoreEvents {
  /** A session was looked for. */
  load: OperationEvent
  /** A session's changes were committed, or an update was made as it was loaded. */
  commit: OperationEvent
  /** A session was extended without a change. */
  touch: OperationEvent
  destroy: OperationEvent
  /** A session's content was taken for one with a new id. */
  regenerate: OperationEvent
  /** An operation was sent again; with the error that made it so. */
  retry: [error: unknown]
  /** A commit met commits of others to the same counters, and was merged with them. */
  conflict: []
  /** Redis refused to extend a session, which was loaded all the same; with what it said: READONLY, NOREPLICAS, MISCONF… */
  unextended: [reason: string]
  /** A session object that this store did not load replaced a session. */
  replaced: []
  /** A commit came too late: its session had ended. */
  gone: []
  /** A commit or update came under an idempotency key that had been used before: nothing was changed. */
  duplicate: []
}
