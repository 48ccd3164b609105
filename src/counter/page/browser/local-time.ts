// Times as the reader writes them.
import type { Visit } from '../../visit/trail.js'

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** @returns a visit's time, with its day if the newest visit is half a day away. */
export function localTime(at: number, visits: readonly Visit[]): string {
  // The server's times, never their distance to this browser's clock, which may be off.
  const newest = visits.at(-1)?.at ?? at
  const format = Math.abs(newest - at) < 12 * 3_600_000 ? time : day
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? format.format(at) : ''
}
