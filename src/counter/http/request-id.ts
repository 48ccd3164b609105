// Gives each request the ids that its lines in the log carry: its own, and that of the trace it belongs to.
import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'

declare global {
  namespace Express {
    interface Request {
      /** The client's X-Request-Id if it is a reasonable one, else a new id. */
      id: string
      /** Of the client's `traceparent` (W3C Trace Context), or of the trace that begins here (tracing.ts). */
      traceId?: string | undefined
    }
  }
}

const REASONABLE_ID = /^[\w.:-]{1,128}$/
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-|$)/

export const requestId: RequestHandler = function requestId(req, res, next) {
  const given = req.get('X-Request-Id')
  req.id = given && REASONABLE_ID.test(given) ? given : randomUUID()
  req.traceId = TRACEPARENT.exec(req.get('traceparent') ?? '')?.[1]
  res.setHeader('x-request-id', req.id)
  next()
}
