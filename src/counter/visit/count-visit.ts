import type { SessionData } from 'express-session'
import type { Instance } from '../instances/instance.js'
import { stepOf, TRAIL_LENGTH } from './trail.js'

declare module 'express-session' {
  interface SessionData {
    visits: number
    /** A step for each of the last visits, oldest first. */
    trail: string[]
  }
}

/** What a store that merges should know of the counter's session. */
export const COUNTED = { counters: ['visits'], cappedLists: { trail: TRAIL_LENGTH } } as const

/** Counts a visit in the session; the commit is the caller's. */
export function countVisit(session: Partial<SessionData>, instance: Instance): void {
  session.visits = (session.visits ?? 0) + 1
  session.trail = [...(session.trail ?? []), stepOf(instance)].slice(-TRAIL_LENGTH)
}

/** @returns the same for a store that counts a visit in a session that nobody has loaded yet. */
export function visitOf(instance: Instance) {
  return { add: { visits: 1 }, append: { trail: [stepOf(instance)] } }
}
