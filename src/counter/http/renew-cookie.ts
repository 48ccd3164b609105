// Signs the cookies of returning visitors with the newest of several secrets, so that an old secret can be removed.
import { sign } from 'cookie-signature'
import type { Request, Response } from 'express'
import { SESSION_COOKIE } from './session-cookie.js'

/** Sets the cookie again if an older secret signed it. express-session sets a cookie that doesn't expire only once. */
export function renewCookie(req: Request, res: Response, secrets: readonly string[]): void {
  const [newest] = secrets
  if (newest === undefined || secrets.length === 1) return
  const { path = '/', httpOnly = true, sameSite, secure } = req.session.cookie
  const value = `s:${sign(req.sessionID, newest)}`
  if (req.headers.cookie?.includes(encodeURIComponent(value)) || (secure && !req.secure)) return
  res.cookie(SESSION_COOKIE, value, { path, httpOnly, sameSite, secure: Boolean(secure) })
}
