import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { Metrics } from '../metrics/metrics.js'

declare global {
  namespace Express {
    interface Request {
      /** The request's id: the client's X-Request-Id where it is a reasonable one, else a new one. */
      id: string
    }
  }
}

const REASONABLE_ID = /^[\w.:-]{1,128}$/
const SLOW_MS = 1_000

/**
 * Gives each request its id, and logs and measures each answer; without cookies, bodies and query strings. What went as it
 * should is logged at debug: a line for each visit costs a tenth of it, and the metrics count them all.
 */
export function observeRequests(log: Logger, metrics: Metrics): RequestHandler {
  return function observeRequests(req, res, next) {
    const started = performance.now()
    const given = req.get('X-Request-Id')
    req.id = given && REASONABLE_ID.test(given) ? given : randomUUID()
    res.setHeader('x-request-id', req.id)
    const { method, path } = req
    res.on('close', () => {
      const ms = performance.now() - started
      const status = res.writableFinished ? res.statusCode : 'aborted'
      const found: string | readonly string[] | undefined = req.route?.path
      const route = typeof found === 'string' ? found : found?.[0]
      metrics.request(method, route, status, ms / 1000)
      const level = ms < SLOW_MS && typeof status === 'number' && status < 400 ? 'debug' : 'info'
      if (log.isLevelEnabled(level))
        log[level]({ requestId: req.id, method, path, status, ms: Math.round(ms * 10) / 10 }, 'request')
    })
    next()
  }
}
