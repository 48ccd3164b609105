import type { ErrorRequestHandler, RequestHandler } from 'express'
import { StoreUnavailable } from '../stores/store-errors.js'

/**
 * Hands a request to the handler, and answers 503 where it has not been answered within deadlineMs, however many operations
 * it waits for in turn. What its handler comes to later is for nobody: the handler of problems must leave an answered request
 * alone.
 */
export function answerWithin(
  deadlineMs: number,
  answerProblem: ErrorRequestHandler,
  handler: RequestHandler,
): RequestHandler {
  return function answerWithin(req, res, next) {
    const timer = setTimeout(() => {
      if (!res.headersSent)
        answerProblem(new StoreUnavailable(`no answer within ${deadlineMs} ms`), req, res, next)
    }, deadlineMs)
    res.on('close', () => clearTimeout(timer))
    return handler(req, res, next)
  }
}
