/** A commit to a session that was destroyed, or has expired, since it was loaded: nothing was changed. */
export class SessionGoneError extends Error {
  override readonly name = 'SessionGoneError'
  readonly code = 'ERR_SESSION_GONE'

  constructor() {
    super('the session was destroyed, or has expired, since it was loaded')
  }
}

/** A new session whose id is taken already: nothing was changed. Ids made at random never meet. */
export class SessionExistsError extends Error {
  override readonly name = 'SessionExistsError'
  readonly code = 'ERR_SESSION_EXISTS'

  constructor() {
    super('there is a session with this id already')
  }
}

/** An operation that Redis didn't answer within the deadline: its outcome is unknown. */
export class StoreTimeoutError extends Error {
  override readonly name = 'StoreTimeoutError'
  readonly code = 'ERR_STORE_TIMEOUT'

  constructor(deadlineMs: number, cause?: unknown) {
    super(`no answer from Redis within ${deadlineMs} ms`, { cause })
  }
}

/** Redis refused an operation after an earlier try of it had gone without an answer: that try may have been applied. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'ERR_STORE_OUTCOME_UNKNOWN'
}

/** Too few replicas, or no disk, confirmed a change in time: it may be lost with the primary. */
export class NotDurableError extends Error {
  override readonly name = 'NotDurableError'
  readonly code = 'ERR_STORE_NOT_DURABLE'

  constructor(why: string) {
    super(`the change is not durable yet: ${why}`)
  }
}
