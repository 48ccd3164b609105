// The errors that the store rejects with; each has a code.

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
    super('a session with this id exists already')
  }
}

/** What Redis has under a session's key is no session: another program, or another session store, wrote it. */
export class ForeignRecordError extends Error {
  override readonly name = 'ForeignRecordError'
  readonly code = 'ERR_SESSION_FOREIGN'

  constructor(cause?: unknown) {
    super("the session's key holds what neither this store nor connect-redis wrote", { cause })
  }
}

/** A session's value can't be decrypted. */
export class DecryptionError extends Error {
  override readonly name = 'DecryptionError'
  readonly code = 'ERR_SESSION_DECRYPTION'

  constructor(why: string, cause?: unknown) {
    super(`a value of the session can't be decrypted: ${why}`, { cause })
  }
}

/** An operation failed because of Redis or the connection to it. Each kind of failure has a class and a code. */
export abstract class StoreError extends Error {
  abstract readonly code: `ERR_STORE_${string}`
}

/** Redis didn't answer within the deadline. A change may have been applied, or not. */
export class StoreTimeoutError extends StoreError {
  override readonly name = 'StoreTimeoutError'
  readonly code = 'ERR_STORE_TIMEOUT'

  constructor(deadlineMs: number, cause?: unknown) {
    super(`no answer from Redis within ${deadlineMs} ms`, { cause })
  }
}

/**
 * Redis refused an operation, or said that its session has ended, after an earlier try that got no answer: that one may have been
 * applied. Also thrown by each further commit of a session object whose last commit got no answer, until `reload()`.
 */
export class OutcomeUnknownError extends StoreError {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'ERR_STORE_OUTCOME_UNKNOWN'

  constructor(cause: Error, message = cause.message) {
    super(message, { cause })
  }
}

/** Redis refused an operation, for a reason that doesn't pass within the deadline. Its own error is the cause. */
export class StoreRefusedError extends StoreError {
  override readonly name = 'StoreRefusedError'
  readonly code = 'ERR_STORE_REFUSED'

  constructor(cause: Error) {
    super(cause.message, { cause })
  }
}

/** The client that the store was given was closed. */
export class StoreClosedError extends StoreError {
  override readonly name = 'StoreClosedError'
  readonly code = 'ERR_STORE_CLOSED'

  constructor(cause: Error) {
    super(cause.message, { cause })
  }
}

/** Too few replicas, or no disk, confirmed a change in time: it may be lost with the primary. */
export class NotDurableError extends StoreError {
  override readonly name = 'NotDurableError'
  readonly code = 'ERR_STORE_NOT_DURABLE'

  constructor(why: string) {
    super(`the change is not durable yet: ${why}`)
  }
}

/** The server can't confirm what the option `durability` asks for. Its own error is the cause. */
export class DurabilityUnsupportedError extends StoreError {
  override readonly name = 'DurabilityUnsupportedError'
  readonly code = 'ERR_STORE_DURABILITY_UNSUPPORTED'

  constructor(cause: Error) {
    super("durability: 'disk' needs WAITAOF (Redis 7.2) and appendonly yes", { cause })
  }
}
