import express, { type Express } from 'express'
import session from 'express-session'
import type { Logger } from 'pino'
import type { Settings } from './config/settings.js'
import { answerWithin } from './http/answer-within.js'
import { healthRouter, type Readiness } from './http/health.js'
import { observeRequests } from './http/observe-requests.js'
import { notFound, problemHandler } from './http/problem.js'
import { sameOrigin } from './http/same-origin.js'
import { securityHeaders } from './http/security.js'
import type { Instance } from './instances/instance.js'
import type { Replicas } from './instances/instances.js'
import { type ExitMode, replicasRouter } from './instances/instances-router.js'
import type { Metrics } from './metrics/metrics.js'
import { pageRouter } from './page/page-router.js'
import type { SessionStore } from './stores/open-store.js'
import { sessionRoutes } from './visit/session-routes.js'
import { visitRoutes } from './visit/visit-routes.js'

/** What the app is made of; the entry makes it from the environment, tests make it by hand. */
interface Parts {
  readonly settings: Settings
  readonly store: SessionStore
  readonly instance: Instance
  readonly replicas: Replicas
  readonly readiness: Readiness
  readonly metrics: Metrics
  readonly log: Logger
  readonly exit: (mode: ExitMode) => void
}

/** Composes the counter. A request walks down this list; only the routes of the visit and the session touch the store. */
export function createApp(parts: Parts): Express {
  const { settings, store, instance, replicas, readiness, metrics, log, exit } = parts
  const { chaosEnabled, trustProxy } = settings
  const { secrets, ttlSeconds, deadlineMs } = settings.session

  const page = pageRouter({ store: store.name, instance, chaos: chaosEnabled, replicas })

  const answerProblem = problemHandler(log, page.showProblem)
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('trust proxy', trustProxy)

  app.use(observeRequests(log, metrics))
  app.use(securityHeaders())
  app.use(sameOrigin)
  app.use(express.json({ limit: '1kb' }))
  const cookie = { httpOnly: true, sameSite: 'lax', secure: 'auto' } as const
  const sessions = session({
    store: store.forExpress,
    // Not a copy: express-session reads it at each request.
    secret: secrets,
    resave: false,
    saveUninitialized: false,
    cookie: store.cookieMaxAge ? { ...cookie, maxAge: store.cookieMaxAge } : cookie,
  })
  const withSession = answerWithin(deadlineMs, answerProblem, sessions)
  visitRoutes(app, withSession, store, instance, secrets, metrics, page.show)
  sessionRoutes(app, withSession, store, instance, ttlSeconds, page.show)
  app.use(page.assets)
  app.use(replicasRouter(replicas, instance, chaosEnabled ? exit : undefined))
  app.use(healthRouter(readiness))
  app.use(notFound)
  app.use(answerProblem)
  return app
}
