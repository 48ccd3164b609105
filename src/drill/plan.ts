import type { Adapter } from './adapter.js'

/** What a drill does. Times in ms. */
export interface Plan {
  url: URL
  adapter: Adapter
  browsers: number
  /** Visits that each browser has under way at a time. */
  concurrency: number
  /** Visits a second at most, over all browsers; 0 for no limit. */
  rate: number
  /** The load ends after so many visits, if not before. */
  visits: number
  durationMs: number
  thinkMs: number
  /** Latencies count from here on; the books from the start. */
  warmUpMs: number
  seed: number
  timeoutMs: number
  /** How long a repeated visit, or the reading of a session at the end, is tried. */
  patienceMs: number
  retry: boolean
  /** Browsers that destroy sessions at the end. */
  destroy: number
  /** Sessions that each of them destroys. */
  destroyRounds: number
  /** Failed visits that the verdict forgives. */
  maxFailed: number
  cookieName: string
  headers: Record<string, string>
  insecure: boolean
}

export const DEFAULTS = {
  browsers: 50,
  concurrency: 1,
  rate: 0,
  visits: Number.POSITIVE_INFINITY,
  durationMs: 30_000,
  thinkMs: 0,
  warmUpMs: 1000,
  timeoutMs: 10_000,
  patienceMs: 30_000,
  retry: false,
  destroy: 20,
  destroyRounds: 5,
  maxFailed: 0,
  cookieName: 'connect.sid',
  headers: {},
  insecure: false,
} as const satisfies Partial<Plan>
