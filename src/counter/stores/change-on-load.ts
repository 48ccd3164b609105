import type { Request, RequestHandler } from 'express'
import type { ExactRedisStore, SessionUpdate, UpdateOptions } from '../../store/index.js'
import type { Metrics } from '../metrics/metrics.js'
import { begin } from './operations.js'

declare global {
  namespace Express {
    interface Request {
      /** Whether the change that this request makes was committed as its session was loaded. */
      committedOnLoad?: boolean
    }
  }
}

/** What a request changes in its session before it has seen it. */
export interface BlindChange extends UpdateOptions {
  readonly update: SessionUpdate
}

/**
 * Lets a request's change ride on the load of its session, in one round trip. express-session asks a store for a session by
 * its id alone, but within the call of its middleware: so the change waits here for just that call.
 * @returns what makes a middleware, one that loads the session, change it on the way: for a session that is there.
 */
export function changeOnLoad(store: ExactRedisStore, metrics: Metrics) {
  let riding: { readonly req: Request; readonly change: BlindChange } | undefined
  const { get } = store
  store.get = (sid, callback) => {
    if (!riding || !callback) return get.call(store, sid, callback)
    const { req, change } = riding
    const end = begin('commit', metrics)
    const updated = store.update(sid, change.update, change)
    updated.then(
      (data) => {
        req.committedOnLoad = data !== null
        end()
        callback(null, data)
      },
      (error: unknown) => callback(end(error)),
    )
    return updated
  }
  return (withSession: RequestHandler, changeOf: (req: Request) => BlindChange): RequestHandler =>
    function changeOnLoad(req, res, next) {
      riding = { req, change: changeOf(req) }
      try {
        return withSession(req, res, next)
      } finally {
        riding = undefined
      }
    }
}
