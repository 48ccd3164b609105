import type { SessionData } from 'express-session'

/** s, or a function that gives s for a session: connect-redis's option of this name. */
export type TtlOption = number | ((session: SessionData) => number)

/** @returns ms from now until the session expires; undefined for one whose end has come, or is no time. */
export function ttlOf(session: SessionData, option: TtlOption): number | undefined {
  return alive(expiryOf(session, option))
}

/** @returns the ms, where they are a life to live. */
export function alive(ttlMs: number): number | undefined {
  return ttlMs > 0 && Number.isFinite(ttlMs) ? ttlMs : undefined
}

function expiryOf(session: SessionData, option: TtlOption): number {
  if (typeof option === 'function') return Math.ceil(option(session) * 1000)
  // Between JSON and a session it is a string.
  const expires: Date | string | null | undefined = session.cookie?.expires
  return expires ? Number(new Date(expires)) - Date.now() : Math.ceil(option * 1000)
}

/** @returns ms by which a use of the session extends its life, as text; '' where it ends at a fixed time. */
export function slideOf(session: SessionData, option: TtlOption): string {
  const { cookie } = session
  if (typeof option === 'function') return String(Math.ceil(option(session) * 1000))
  if (typeof cookie?.originalMaxAge === 'number') return String(Math.ceil(cookie.originalMaxAge))
  return cookie?.expires ? '' : String(Math.ceil(option * 1000))
}
