// When a session expires, by its cookie and the option `ttl`.
import type { SessionData } from 'express-session'

/**
 * Seconds, or a function that gives them for a session: connect-redis' option of this name.
 * @example
 * const ttl: TtlOption = (session) => Math.min(1800, (session.endsAt - Date.now()) / 1000)
 */
export type TtlOption<Data = SessionData> = number | ((session: Data) => number)

/** How a session expires: each use extends it to that many ms from then, or at a fixed time, whatever uses it. */
export type Expiry = { readonly kind: 'sliding'; readonly ms: number } | { readonly kind: 'fixed' }

export const FIXED: Expiry = { kind: 'fixed' }

/** @returns how the session is to expire. */
export function expiryOf(session: SessionData, option: TtlOption): Expiry {
  const { cookie } = session
  // What a function gives is asked for at each commit and touch: a load doesn't extend it.
  if (typeof option === 'function') return FIXED
  if (typeof cookie?.originalMaxAge === 'number')
    return { kind: 'sliding', ms: Math.ceil(cookie.originalMaxAge) }
  return cookie?.expires ? FIXED : { kind: 'sliding', ms: toMs(option) }
}

/** @returns ms from now until the session expires; undefined if it has, or if that is no time. */
export function ttlOf(session: SessionData, option: TtlOption): number | undefined {
  if (typeof option === 'function') return positive(toMs(option(session)))
  // Between JSON and a session it is a string.
  const expires: Date | string | null | undefined = session.cookie?.expires
  return positive(expires ? Number(new Date(expires)) - Date.now() : toMs(option))
}

/** @returns the ms, if a session can have that many left. */
export function positive(ms: number): number | undefined {
  return ms > 0 && Number.isFinite(ms) ? ms : undefined
}

export function sameExpiry(a: Expiry | undefined, b: Expiry): boolean {
  return a?.kind === b.kind && (a.kind === 'fixed' || a.ms === (b as { readonly ms: number }).ms)
}

function toMs(seconds: number): number {
  return Math.ceil(seconds * 1000)
}
