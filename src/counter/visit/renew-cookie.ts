import { createHmac } from 'node:crypto'
import type { Request, Response } from 'express'

/**
 * Sets the cookie anew where it isn't signed with the newest of several secrets: an old one can then go as soon as each session
 * that lives was visited. express-session sets a cookie without an end only once.
 */
export function renewCookie(req: Request, res: Response, secrets: readonly string[]): void {
  const [newest] = secrets
  if (newest === undefined || secrets.length === 1) return
  const { path = '/', httpOnly = true, sameSite, secure } = req.session.cookie
  const signature = createHmac('sha256', newest).update(req.sessionID).digest('base64').replace(/=+$/, '')
  const value = `s:${req.sessionID}.${signature}`
  if (req.headers.cookie?.includes(encodeURIComponent(value)) || (secure && !req.secure)) return
  res.cookie('connect.sid', value, { path, httpOnly, sameSite, secure: Boolean(secure) })
}
