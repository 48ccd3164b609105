// The trail of a session: its last visits, and which instance counted each.
import type { Instance } from '../instances/instance.js'

export interface Visit {
  /** When it was counted, in ms since 1970. */
  readonly at: number
  readonly instance: Instance
}

/** How many visits the trail of a session keeps. */
export const TRAIL_LENGTH = 20

/**
 * @returns a step of the trail, "at index id", for a visit that is counted now; "-" stands for no index. A text and not an
 *   object: each request handles all of them, to load, compare and hash the session. And a short one, with the time in base 36:
 *   Redis reads and writes all twenty for each visit.
 */
export function stepOf({ id, index }: Instance): string {
  return `${Date.now().toString(36)} ${index ?? '-'} ${id}`
}

/** @returns the visits of a session's trail; entries that another version or program put there are left out. */
export function readTrail(trail: readonly unknown[] = []): Visit[] {
  const steps = trail.filter((step) => typeof step === 'string')
  return steps.map((step) => {
    const [at = '', index, ...id] = step.split(' ')
    return { at: timeOf(at), instance: { id: id.join(' '), index: index === '-' ? null : Number(index) } }
  })
}

/** @returns NaN for what is no time. Version 0.1.0 wrote the thirteen digits of the decimal number. */
function timeOf(at: string): number {
  if (/^[\da-z]{8}$/.test(at)) return Number.parseInt(at, 36)
  return /^\d{13}$/.test(at) ? Number(at) : Number.NaN
}
