// Makes a request's update in the round trip that loads its session.
import type { Request, RequestHandler } from 'express'
import type { SessionData } from 'express-session'
import { type AnyUpdate, type Change, updateOf as changeOf, type Rules } from './change.js'
import type { UpdateOptions } from './options.js'

/**
 * What became of a request's update: it made a session, changed the one that was there, or was a repeat under its key.
 * @example
 * if (req.sessionUpdate === 'created') res.status(201)
 */
export type UpdateOutcome = 'created' | 'updated' | 'repeated'

declare global {
  namespace Express {
    interface Request {
      /** Set by `ExactRedisStore.updateOnLoad`. */
      sessionUpdate?: 'created' | 'updated' | 'repeated'
    }
  }
}

/** An UpdateOnLoad of any session. */
export interface AnyUpdateOnLoad extends AnyUpdate, UpdateOptions {}

const PARTS = ['add', 'append', 'idempotencyKey', 'keys']

/** An update that waits for its session to be loaded. */
export class PendingUpdate {
  readonly update: AnyUpdateOnLoad
  readonly change: Change
  outcome: UpdateOutcome | undefined

  /** @throws TypeError for what is not declared as a counter or capped list. */
  constructor(update: AnyUpdateOnLoad, rules: Rules) {
    this.change = changeOf(update, rules, PARTS)
    this.update = update
  }
}

/** What the next load takes along: an update, or that it doesn't count as a use. */
export interface Riding {
  next: PendingUpdate | 'uncounted' | undefined
}

/** What of the store is needed here. */
interface UpdatingStore {
  readonly riding: Riding
  readonly rules: Rules
  commit(session: Request['session'], options: UpdateOptions): Promise<void>
  isLoaded(session: object): boolean
}

/**
 * express-session asks a store for a session by its id alone, but within the call of its middleware: so the update waits for
 * just that call.
 */
export function updateOnLoad(
  store: UpdatingStore,
  sessions: RequestHandler,
  updateOf: (req: Request) => AnyUpdateOnLoad,
): RequestHandler {
  return function updateOnLoad(req, res, next) {
    let pending: PendingUpdate
    try {
      pending = new PendingUpdate(updateOf(req), store.rules)
    } catch (error) {
      return next(error)
    }
    store.riding.next = pending
    try {
      return sessions(req, res, (error?: unknown) => {
        leave(store.riding, pending)
        if (error !== undefined) return next(error)
        if (pending.outcome) {
          req.sessionUpdate = pending.outcome
          return next()
        }
        return commitNow(store, req, pending.update).then(
          () => next(),
          (failure: unknown) => next(failure),
        )
      })
    } finally {
      leave(store.riding, pending)
    }
  }
}

/** @returns the middleware, whose load doesn't extend the session. */
export function withoutExtending(riding: Riding, sessions: RequestHandler): RequestHandler {
  return function withoutExtending(req, res, next) {
    riding.next = 'uncounted'
    try {
      return sessions(req, res, (error?: unknown) => {
        leave(riding, 'uncounted')
        next(error)
      })
    } finally {
      leave(riding, 'uncounted')
    }
  }
}

function leave(riding: Riding, ride: Riding['next']): void {
  if (riding.next === ride) riding.next = undefined
}

/** For a new session, and for one that was loaded before. */
async function commitNow(store: UpdatingStore, req: Request, update: AnyUpdateOnLoad): Promise<void> {
  // Express-session's types know of no request without one.
  const session = req.session as Request['session'] | undefined
  if (!session) throw new TypeError('updateOnLoad: express-session gave this request no session')
  const outcome = store.isLoaded(session) ? 'updated' : 'created'
  apply(session, update, store.rules)
  await store.commit(session, update)
  req.sessionUpdate = outcome
}

function apply(
  session: Partial<SessionData>,
  { add = {}, append = {} }: AnyUpdateOnLoad,
  rules: Rules,
): void {
  const data = session as Record<string, unknown>
  for (const key of Object.keys(add)) data[key] = Number(data[key] ?? 0) + Number(add[key])
  for (const key of Object.keys(append)) {
    const entries = append[key] ?? []
    if (entries.length === 0) continue
    const before = Array.isArray(data[key]) ? (data[key] as unknown[]) : []
    data[key] = [...before, ...entries].slice(-(rules.cappedLists.get(key) ?? 0))
  }
}
