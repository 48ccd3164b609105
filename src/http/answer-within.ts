import type { RequestHandler } from 'express'
import { StoreUnavailable } from '../stores/store-errors.js'

/** Answers 503 where a request has not been answered within deadlineMs, however many operations it waits for in turn. */
export function answerWithin(deadlineMs: number): RequestHandler {
  return function answerWithin(_req, res, next) {
    const timer = setTimeout(() => {
      if (!res.headersSent) next(new StoreUnavailable(`no answer within ${deadlineMs} ms`))
    }, deadlineMs)
    res.once('close', () => clearTimeout(timer))
    next()
  }
}
