// When a session expires, by its cookie and the option `ttl`.
import { Cookie, type SessionData } from 'express-session'

/**
 * Seconds, or a function that gives them for a session: connect-redis' option of this name.
 * @example
 * const ttl: TtlOption = (session) => Math.min(1800, (session.endsAt - Date.now()) / 1000)
 */
export type TtlOption<Data = SessionData> = number | ((session: Data) => number)

/** How a session expires: each use extends it to that many ms from then, or at a fixed time, whatever uses it. */
export type Expiry = Sliding | { readonly kind: 'fixed' }

/** (A class and no literal: see Change.) */
export class Sliding {
  readonly kind = 'sliding'
  readonly ms: number

  constructor(ms: number) {
    this.ms = ms
  }
}

export const FIXED: Expiry = { kind: 'fixed' }

/** @returns how the session is to expire. */
export function expiryOf(session: SessionData, option: TtlOption): Expiry {
  const { cookie } = session
  // What a function gives is asked for at each commit and touch: a load doesn't extend it.
  if (typeof option === 'function') return FIXED
  if (typeof cookie?.originalMaxAge === 'number') return new Sliding(Math.ceil(cookie.originalMaxAge))
  return cookie?.expires ? FIXED : new Sliding(toMs(option))
}

/**
 * @returns ms from now until the session expires; undefined if it has, or if its cookie's date is none.
 * @throws TypeError if the option is a function that returns no number: each session would end without a word.
 */
export function ttlOf(session: SessionData, option: TtlOption): number | undefined {
  if (typeof option === 'function') return positive(toMs(secondsOf(option(asUsed(session)))))
  // Between JSON and a session it is a string.
  const expires: Date | string | null | undefined = session.cookie?.expires
  return positive(expires ? Number(new Date(expires)) - Date.now() : toMs(option))
}

/** connect-redis sends a text to Redis as it is. */
function secondsOf(given: unknown): number {
  const seconds = typeof given === 'string' && given !== '' ? Number(given) : given
  if (typeof seconds === 'number' && Number.isFinite(seconds)) return seconds
  const found = given instanceof Promise ? 'a promise' : typeof given === 'number' ? given : typeof given
  throw new TypeError(`ttl: expected the function to return seconds, a number, found ${found}`)
}

/** @returns the session as express-session has it at its end: stored data has a cookie without `maxAge`, which functions read. */
function asUsed(session: SessionData): SessionData {
  const stored = session.cookie as SessionData['cookie'] | undefined
  if (!stored || 'maxAge' in stored) return session
  const cookie = Object.assign(new Cookie(), {
    ...stored,
    expires: stored.expires && new Date(stored.expires),
  })
  if (typeof stored.originalMaxAge === 'number') cookie.maxAge = stored.originalMaxAge
  return { ...session, cookie }
}

/** More than that Redis doesn't take, and a script would have written by then. */
const MOST_MS = 1e15

/** @returns the ms, if a session can have that many left. */
export function positive(ms: number): number | undefined {
  return ms > 0 && Number.isFinite(ms) ? Math.min(ms, MOST_MS) : undefined
}

export function sameExpiry(a: Expiry | undefined, b: Expiry): boolean {
  return a?.kind === b.kind && (a.kind === 'fixed' || a.ms === (b as { readonly ms: number }).ms)
}

function toMs(seconds: number): number {
  return Math.ceil(seconds * 1000)
}
