// Gives each request an id, which its answer, its errors and its lines in the log carry.
import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'

declare global {
  namespace Express {
    interface Request {
      /** The client's X-Request-Id if it is a reasonable one, else a new id. */
      id: string
    }
  }
}

const REASONABLE_ID = /^[\w.:-]{1,128}$/

export const requestId: RequestHandler = function requestId(req, res, next) {
  const given = req.get('X-Request-Id')
  req.id = given && REASONABLE_ID.test(given) ? given : randomUUID()
  res.setHeader('x-request-id', req.id)
  next()
}
