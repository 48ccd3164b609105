// Visits as express-session's own documentation has them: load the session, change it, save all of it. Overlapping visits to one
// session lose each other's counts: that is what memory and connect-redis are here to show.
import type { Request, Response } from 'express'
import type { SessionData, Store } from 'express-session'
import type { StoreName } from '../config/store-names.js'
import { renewCookie } from '../http/renew-cookie.js'
import type { Instance } from '../instances/instance.js'
import type { Metrics } from '../metrics/metrics.js'
import { countVisit } from '../visit/count-visit.js'
import type { CountedVisit, CounterStore } from '../visit/counter-store.js'
import { idempotencyKeyOf } from '../visit/idempotency-key.js'
import { asPromise, run } from './as-promise.js'
import { ExpressSessions, type SessionOptions } from './express-sessions.js'
import { MeasuredStore } from './measured-store.js'

declare module 'express-session' {
  interface SessionData {
    /** The visit that each recent Idempotency-Key was answered with. */
    answers: Record<string, number>
  }
}

const ANSWERS_KEPT = 64

interface SavingStoreParts extends SessionOptions {
  readonly name: StoreName
  readonly store: Store
  readonly instance: Instance
  readonly metrics: Metrics
}

export class SavingStore extends ExpressSessions implements CounterStore {
  readonly name: StoreName
  readonly #instance: Instance

  constructor({ name, store, instance, metrics, ...options }: SavingStoreParts) {
    super(new MeasuredStore(store, metrics), options, name === 'memory')
    this.name = name
    this.#instance = instance
  }

  async visit(req: Request, res: Response): Promise<CountedVisit> {
    const key = idempotencyKeyOf(req)
    await run(this.sessions, req, res)
    const { session } = req
    const first = session.visits === undefined
    const answered = key === undefined ? undefined : answersOf(session).get(key)
    if (answered === undefined) {
      countVisit(session, this.#instance)
      if (key !== undefined) remember(session, key)
      await asPromise((done) => session.save(done))
    }
    if (!first && !session.cookie.expires) renewCookie(req, res, this.secrets)
    const { visits = 0, trail = [] } = session
    return { visits: answered ?? visits, trail, first }
  }

  async check(): Promise<void> {}
}

function answersOf({ answers = {} }: Partial<SessionData>): Map<string, number> {
  return new Map(Object.entries(answers))
}

function remember(session: Partial<SessionData>, key: string): void {
  const answers = [...answersOf(session).set(key, session.visits ?? 0)]
  session.answers = Object.fromEntries(answers.slice(-ANSWERS_KEPT))
}
