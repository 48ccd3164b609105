import type { RequestHandler } from 'express'
import { Problem } from './problem.js'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses (403) what another site's page sends to change state. Browsers say where a request comes from (Fetch Metadata,
 * else Origin); a client that says neither is no browser, and has no cookies that a page could abuse.
 */
export const sameOrigin: RequestHandler = function sameOrigin(req, _res, next) {
  if (SAFE.has(req.method)) return next()
  const site = req.get('Sec-Fetch-Site')
  const origin = req.get('Origin')
  const own = site ? site === 'same-origin' || site === 'none' : !origin || hostOf(origin) === req.host
  next(own ? undefined : new Problem(403, 'This request comes from another site.'))
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
