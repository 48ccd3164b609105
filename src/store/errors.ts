// The errors that the store rejects with; each has a code.

/**
 * A commit to a session that was destroyed, or has expired, since it was loaded: nothing was changed.
 * @example
 * if (error instanceof SessionGoneError) res.status(409).json({ detail: 'This session has ended.' })
 */
export class SessionGoneError extends Error {
  override readonly name = 'SessionGoneError'
  readonly code = 'ERR_SESSION_GONE'
  /** What Express, Fastify and Koa answer if nothing else handles it. */
  readonly status = 409

  constructor() {
    super('the session was destroyed, or has expired, since it was loaded')
  }
}

/**
 * A new session whose id is taken already: nothing was changed. Ids made at random never meet.
 * @example
 * if (error.code === 'ERR_SESSION_EXISTS') await store.commit(sessionWithAnotherId)
 */
export class SessionExistsError extends Error {
  override readonly name = 'SessionExistsError'
  readonly code = 'ERR_SESSION_EXISTS'

  constructor() {
    super('a session with this id exists already')
  }
}

/**
 * What Redis has under a session's key is not a session: another program, or another session store, wrote it.
 * @example
 * if (error instanceof ForeignRecordError) await store.destroy(sid)
 */
export class ForeignRecordError extends Error {
  override readonly name = 'ForeignRecordError'
  readonly code = 'ERR_SESSION_FOREIGN'

  constructor(cause?: unknown) {
    super("the session's key holds what neither this store nor connect-redis wrote", { cause })
  }
}

/**
 * A session's value can't be decrypted with any of the keys.
 * @example
 * if (error instanceof DecryptionError) log.error('the key of this session was retired too early')
 */
export class DecryptionError extends Error {
  override readonly name = 'DecryptionError'
  readonly code = 'ERR_SESSION_DECRYPTION'

  constructor(why: string, cause?: unknown) {
    super(`a value of the session can't be decrypted: ${why}`, { cause })
  }
}

/**
 * An operation failed because of Redis or the connection to it. Each kind of failure has a class and a code.
 * @example
 * if (error instanceof StoreError) res.set('Retry-After', '1').status(503).end()
 */
export abstract class StoreError extends Error {
  abstract readonly code: `ERR_STORE_${string}`
  /** What Express, Fastify and Koa answer if nothing else handles it: the client may try again. */
  readonly status = 503
  /** Taken along by Express and Koa. */
  readonly headers: Readonly<Record<string, string>> = { 'Retry-After': '1' }
}

/**
 * Redis didn't answer within the deadline. A change may have been applied, or not.
 * @example
 * if (error instanceof StoreTimeoutError) log.warn({ cause: error.cause }, 'Redis is not answering')
 */
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
 * @example
 * if (error instanceof OutcomeUnknownError) req.session.reload((failed) => answer(failed ?? req.session.visits))
 */
export class OutcomeUnknownError extends StoreError {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'ERR_STORE_OUTCOME_UNKNOWN'

  constructor(cause: Error, message = cause.message) {
    super(message, { cause })
  }
}

/**
 * Redis refused an operation, for a reason that doesn't pass within the deadline. Its own error is the cause.
 * @example
 * if (error instanceof StoreRefusedError) log.error({ cause: error.cause })   // OOM, NOPERM, NOAUTH …
 */
export class StoreRefusedError extends StoreError {
  override readonly name = 'StoreRefusedError'
  readonly code = 'ERR_STORE_REFUSED'

  constructor(cause: Error) {
    super(cause.message, { cause })
  }
}

/**
 * The client that the store was given was closed.
 * @example
 * if (error instanceof StoreClosedError) return   // this process is shutting down
 */
export class StoreClosedError extends StoreError {
  override readonly name = 'StoreClosedError'
  readonly code = 'ERR_STORE_CLOSED'

  constructor(cause: Error) {
    super(cause.message, { cause })
  }
}

/**
 * Too few replicas, or no disk, confirmed a change in time: it may be lost with the primary.
 * @example
 * if (error.cause instanceof NotDurableError) log.warn('replicas are missing or behind')
 */
export class NotDurableError extends StoreError {
  override readonly name = 'NotDurableError'
  readonly code = 'ERR_STORE_NOT_DURABLE'

  constructor(why: string) {
    super(`the change is not durable yet: ${why}`)
  }
}

/**
 * The server can't confirm what the option `durability` asks for. Its own error is the cause.
 * @example
 * await store.check().catch((error) => process.exit(error instanceof DurabilityUnsupportedError ? 78 : 1))
 */
export class DurabilityUnsupportedError extends StoreError {
  override readonly name = 'DurabilityUnsupportedError'
  readonly code = 'ERR_STORE_DURABILITY_UNSUPPORTED'

  constructor(cause: Error) {
    super("durability: 'disk' needs WAITAOF (Redis 7.2) and appendonly yes", { cause })
  }
}
