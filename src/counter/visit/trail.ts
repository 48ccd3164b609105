import type { Instance } from '../instances/instance.js'

/** A visit that was counted: when, in ms since 1970, and by which instance. */
export interface Visit {
  readonly at: number
  readonly instance: Instance
}

/** How many visits the trail of a session keeps. */
export const TRAIL_LENGTH = 20

/**
 * @returns a step of the trail, "at index id", for a visit that is counted now; an instance without an index has a "-". Text,
 *   not an object: each request walks through all of them, to load, compare and hash the session.
 */
export function stepOf({ id, index }: Instance): string {
  return `${Date.now()} ${index ?? '-'} ${id}`
}

/** @returns the visits that a session's trail tells of; what another version or program put there is left out. */
export function readTrail(trail: readonly unknown[] = []): Visit[] {
  const steps = trail.filter((step) => typeof step === 'string')
  return steps.map((step) => {
    const [at, index, ...id] = step.split(' ')
    return { at: Number(at), instance: { id: id.join(' '), index: index === '-' ? null : Number(index) } }
  })
}
