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
    /** "at index id" of each visit, oldest first; an instance without an index has a "-". */
    trail: string[]
  }
}

/** How many visits the trail keeps. */
const TRAIL_LENGTH = 20

/** What a store that merges should know of the counter's session. */
export const COUNTED = { counters: ['visits'], logs: { trail: TRAIL_LENGTH } } as const

/** Counts a visit in the session; the commit is the caller's. */
export function countVisit(session: Partial<SessionData>, { id, index }: Instance): void {
  session.visits = (session.visits ?? 0) + 1
  // Text, not an object: each request walks through all of them, to load, compare and hash the session.
  const step = `${Date.now()} ${index ?? '-'} ${id}`
  session.trail = [...(session.trail ?? []), step].slice(-TRAIL_LENGTH)
}

/** @returns the visits that a session's trail tells of; what another version or program put there is left out. */
export function readTrail(trail: readonly unknown[] = []): Visit[] {
  const steps = trail.filter((step) => typeof step === 'string')
  return steps.map((step) => {
    const [at, index, ...id] = step.split(' ')
    return { at: Number(at), instance: { id: id.join(' '), index: index === '-' ? null : Number(index) } }
  })
}
