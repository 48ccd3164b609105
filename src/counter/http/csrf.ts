// Refuses state-changing requests that another site's page sends with a visitor's cookie.
import type { RequestHandler } from 'express'
import { Problem } from './problem.js'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Answers 403 if a browser says that a state-changing request comes from another site (Fetch Metadata, else Origin). A client
 * that says neither is not a browser, and has no cookies that a page could abuse.
 */
export const csrf: RequestHandler = function csrf(req, _res, next) {
  if (SAFE.has(req.method)) return next()
  const site = req.get('Sec-Fetch-Site')
  const origin = req.get('Origin')
  const own = site ? site === 'same-origin' || site === 'none' : !origin || hostOf(origin) === req.host
  next(own ? undefined : new Problem(403, 'This request comes from another site.'))
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
