import type { SessionData } from 'express-session'
import type { Instance } from '../config/settings.js'

/** A visit that was counted: when, in ms since 1970, and by which instance. */
export interface Visit {
  readonly at: number
  readonly instance: Instance
}

declare module 'express-session' {
  interface SessionData {
    visits: number
    trail: Visit[]
  }
}

/** How many visits the trail keeps. */
export const TRAIL_LENGTH = 20

/** Counts a visit in the session; the commit is the caller's. */
export function countVisit(session: Partial<SessionData>, instance: Instance): void {
  session.visits = (session.visits ?? 0) + 1
  session.trail = [...(session.trail ?? []), { at: Date.now(), instance }].slice(-TRAIL_LENGTH)
}
