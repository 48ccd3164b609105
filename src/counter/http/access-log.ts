// Logs and measures each answer; without cookies, bodies and query strings.
import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { Metrics } from '../metrics/metrics.js'

const SLOW_MS = 1_000

/**
 * Slow answers and errors are logged at the level info, all others at debug: a line for each visit costs a tenth of it, and the
 * metrics count them all.
 */
export function accessLog(log: Logger, metrics: Metrics): RequestHandler {
  return function accessLog(req, res, next) {
    const started = performance.now()
    const { method, path } = req
    res.on('close', () => {
      const ms = performance.now() - started
      const status = res.writableFinished ? res.statusCode : 'aborted'
      const found: string | readonly string[] | undefined = req.route?.path
      const route = typeof found === 'string' ? found : found?.[0]
      metrics.request(method, route, status, ms / 1000)
      const level = ms < SLOW_MS && typeof status === 'number' && status < 400 ? 'debug' : 'info'
      if (!log.isLevelEnabled(level)) return
      const ids = { requestId: req.id, trace_id: req.traceId }
      log[level]({ ...ids, method, path, status, ms: Math.round(ms * 10) / 10 }, 'request')
    })
    next()
  }
}
