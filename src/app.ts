import express, { type Express } from 'express'
import session from 'express-session'
import type { Logger } from 'pino'
import type { Settings } from './config/settings.js'
import { answerWithin } from './http/answer-within.js'
import { closeWhileStopping } from './http/close-server.js'
import { healthRouter, type Readiness } from './http/health.js'
import { notFound, problemHandler } from './http/problem.js'
import { requestLog } from './http/request-log.js'
import { sameOrigin } from './http/same-origin.js'
import { securityHeaders } from './http/security.js'
import type { Metrics } from './metrics/metrics.js'
import { pageRouter } from './page/page-router.js'
import { type ExitMode, platformRouter } from './platform/platform-router.js'
import type { LiveInstance } from './platform/registry.js'
import type { SessionStore } from './stores/open-store.js'
import { sessionRouter } from './visit/session-router.js'
import { visitRouter } from './visit/visit-router.js'

/** What the app is made of; the entry makes it from the environment, tests make it by hand. */
export interface Parts {
  readonly settings: Settings
  readonly store: SessionStore
  readonly instances: () => Promise<LiveInstance[]>
  /** The live replicas as last heard of, at no cost. */
  readonly lastInstances: () => readonly LiveInstance[]
  readonly readiness: Readiness
  readonly metrics: Metrics
  readonly log: Logger
  readonly exit: (mode: ExitMode) => void
}

/** Composes the counter. A request walks down this list; only the routes of the visit and the session touch the store. */
export function createApp(parts: Parts): Express {
  const { settings, store, instances, lastInstances, readiness, metrics, log, exit } = parts
  const { instance, chaosEnabled, trustProxy } = settings
  const { store: storeName, secrets, ttlSeconds, deadlineMs } = settings.session

  const page = pageRouter({ store: storeName, instance, chaos: chaosEnabled, instances: lastInstances })

  const answerProblem = problemHandler(log, page.showProblem)
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('trust proxy', trustProxy)

  app.use(requestLog(log, metrics))
  app.use(closeWhileStopping(readiness))
  app.use(securityHeaders())
  app.use(sameOrigin)
  app.use(express.json({ limit: '1kb' }))
  const cookie = { httpOnly: true, sameSite: 'lax', secure: 'auto' } as const
  const sessions = session({
    store: store.store,
    // Not a copy: express-session reads it at each request.
    secret: secrets,
    resave: false,
    saveUninitialized: false,
    cookie: store.cookieMaxAge ? { ...cookie, maxAge: store.cookieMaxAge } : cookie,
  })
  const withSession = answerWithin(deadlineMs, answerProblem, sessions)
  app.use(visitRouter(withSession, store, storeName, instance, metrics, page.show))
  app.use(sessionRouter(withSession, store, storeName, instance, ttlSeconds, page.show))
  app.use(page.assets)
  app.use(platformRouter(instances, instance, chaosEnabled ? exit : undefined))
  app.use(healthRouter(readiness))
  app.use(notFound)
  app.use(answerProblem)
  return app
}
