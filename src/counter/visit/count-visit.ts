// What a visit changes in a session: the same for all stores.
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

/** How a store that merges has to merge the counter's session. */
export const COUNTED = { counters: ['visits'], cappedLists: { trail: TRAIL_LENGTH } } as const

/** @returns a visit as a change, for a store that commits just that. */
export function visitOf(instance: Instance) {
  return { add: { visits: 1 }, append: { trail: [stepOf(instance)] } }
}

/** Makes the change of a visit in a session, for a store that saves all of it. */
export function countVisit(session: Partial<SessionData>, instance: Instance): void {
  const { add, append } = visitOf(instance)
  session.visits = (session.visits ?? 0) + add.visits
  session.trail = [...(session.trail ?? []), ...append.trail].slice(-TRAIL_LENGTH)
}
