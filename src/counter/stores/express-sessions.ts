// What all stores have in common: sessions by express-session, which are looked at, ended and given a new id in one way.
import type { Request, RequestHandler, Response } from 'express'
import session from 'express-session'
import { SESSION_COOKIE } from '../http/session-cookie.js'
import type { CounterStore, StoredSession } from '../visit/counter-store.js'
import { asPromise, run } from './as-promise.js'

export interface SessionOptions {
  /** The first one signs; changed in place by watch-secrets.ts. */
  readonly secrets: string[]
  readonly ttlSeconds: number
  /** Where the cookie is sent. */
  readonly path: string
}

export abstract class ExpressSessions implements Omit<CounterStore, 'name' | 'visit' | 'check'> {
  /** The middleware that loads a session, and saves or touches it at the end of its request. */
  protected readonly sessions: RequestHandler
  protected readonly secrets: readonly string[]
  readonly #ttlSeconds: number

  /** @param expires whether the cookie expires with the session: for a store that has no expiry of its own. */
  constructor(store: session.Store, { secrets, ttlSeconds, path }: SessionOptions, expires = false) {
    this.secrets = secrets
    this.#ttlSeconds = ttlSeconds
    const cookie = { path, httpOnly: true, sameSite: 'lax', secure: 'auto' } as const
    this.sessions = session({
      name: SESSION_COOKIE,
      store,
      // Not a copy: express-session reads it at each request.
      secret: secrets,
      resave: false,
      saveUninitialized: false,
      cookie: expires ? { ...cookie, maxAge: ttlSeconds * 1000 } : cookie,
    })
  }

  async look(req: Request, res: Response): Promise<StoredSession | undefined> {
    await run(this.sessions, req, res)
    const { visits, trail = [], cookie } = req.session
    if (visits === undefined) return undefined
    // Loading it has extended it.
    const expiresInSeconds = cookie.maxAge ? Math.round(cookie.maxAge / 1000) : this.#ttlSeconds
    return { visits, trail, expiresInSeconds }
  }

  async end(req: Request, res: Response): Promise<void> {
    await run(this.sessions, req, res)
    await asPromise((done) => req.session.destroy(done))
  }

  async renewId(req: Request, res: Response): Promise<number | undefined> {
    await run(this.sessions, req, res)
    const old = req.session
    if (old.visits === undefined) return undefined
    await asPromise((done) => old.regenerate(done))
    // A store that merges brings the old session up to date as it retires it, with what others have committed in the meantime.
    Object.assign(req.session, { visits: old.visits, trail: old.trail })
    await asPromise((done) => req.session.save(done))
    return req.session.visits
  }
}
