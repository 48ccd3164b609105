// Bounds how long a request that needs the session store may take.
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { StoreUnavailable } from './store-unavailable.js'

/**
 * Answers 503 if a request has no answer within deadlineMs, however many operations its handlers wait for in turn. Whatever
 * they produce later is discarded: the handler of problems leaves an answered request alone.
 */
export function timeout(deadlineMs: number, answerProblem: ErrorRequestHandler): RequestHandler {
  return function timeout(req, res, next) {
    const timer = setTimeout(() => {
      if (!res.headersSent)
        answerProblem(new StoreUnavailable(`no answer within ${deadlineMs} ms`), req, res, next)
    }, deadlineMs)
    res.on('close', () => clearTimeout(timer))
    next()
  }
}
