// The session store in the counter's words: all that the routes know of it. src/counter/stores has an implementation for each.
import type { Request, Response } from 'express'
import type { StoreName } from '../config/store-names.js'

/** What a visit left in the session. */
export interface CountedVisit {
  readonly visits: number
  /** A step for each of the last visits, oldest first; may be left out for programs, which are not shown it. */
  readonly trail: readonly string[]
  /** Whether it made the session. */
  readonly first: boolean
}

export interface StoredSession {
  readonly visits: number
  readonly trail: readonly string[]
  readonly expiresInSeconds: number
}

/** Each method loads the session of the request; no session is made but by a visit. */
export interface CounterStore {
  readonly name: StoreName
  /**
   * Counts a visit, and commits it before it returns. With an Idempotency-Key that was committed before, it changes nothing and
   * returns the number of the first time.
   * @throws StoreUnavailable or StoreError if the outcome is unknown, SessionGoneError if the session has ended.
   */
  visit(req: Request, res: Response): Promise<CountedVisit>
  /** @returns the session, counting nothing; undefined if there is none. */
  look(req: Request, res: Response): Promise<StoredSession | undefined>
  /** Destroys the session for good. */
  end(req: Request, res: Response): Promise<void>
  /** Gives the session a new id. @returns its visits; undefined if there is no session. */
  renewId(req: Request, res: Response): Promise<number | undefined>
  /** Checks that Redis can do what the settings ask for. @throws SettingsError if it can't. */
  check(): Promise<void>
}
