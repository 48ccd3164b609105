// The counter as an Express app. A request walks down this list; only the routes of the visit and the session touch the store.
import express, { type Express, type RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { Settings } from './config/settings.js'
import { accessLog } from './http/access-log.js'
import { removeBasePath } from './http/base-path.js'
import { csrf } from './http/csrf.js'
import { healthRoutes, type Readiness } from './http/health-routes.js'
import { notFound, problemHandler } from './http/problem.js'
import { requestId } from './http/request-id.js'
import { securityHeaders } from './http/security-headers.js'
import { timeout } from './http/timeout.js'
import { chaosRoutes, type ExitMode } from './instances/chaos-routes.js'
import type { Instance } from './instances/instance.js'
import type { Instances } from './instances/instances.js'
import { instancesRoutes } from './instances/instances-routes.js'
import type { Metrics } from './metrics/metrics.js'
import { createPage } from './page/create-page.js'
import type { CounterStore } from './visit/counter-store.js'
import { sessionRoutes } from './visit/session-routes.js'
import { visitRoutes } from './visit/visit-routes.js'

/** What the app is made of; compose.ts makes it from the settings. */
interface AppParts {
  readonly settings: Settings
  readonly store: CounterStore
  readonly instance: Instance
  readonly instances: Instances
  readonly readiness: Readiness
  readonly metrics: Metrics
  readonly log: Logger
  readonly exit: (mode: ExitMode) => void
  /** Makes a span of each request. */
  readonly trace?: RequestHandler | undefined
}

export function createApp(parts: AppParts): Express {
  const { settings, store, instance, instances, readiness, metrics, log, exit, trace } = parts
  const { chaosEnabled, trustProxy, basePath } = settings

  const page = createPage({ basePath, store: store.name, instance, chaos: chaosEnabled, instances })
  const { show } = page
  const answerProblem = problemHandler(log, page.showProblem)

  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('trust proxy', trustProxy)
  if (basePath) app.use(removeBasePath(basePath))
  app.use(requestId)
  if (trace) app.use(trace)
  app.use(accessLog(log, metrics))
  app.use(securityHeaders)
  app.use(csrf)
  app.use(express.json({ limit: '1kb' }))
  app.use(timeout(settings.session.deadlineMs, answerProblem))
  app.use(visitRoutes({ store, instance, metrics, show }))
  app.use(sessionRoutes({ store, instance, basePath, show }))
  app.use(page.assets)
  app.use(instancesRoutes({ instances, store: store.name }))
  if (chaosEnabled) app.use(chaosRoutes({ instance, exit }))
  app.use(healthRoutes({ readiness }))
  app.use(notFound)
  app.use(answerProblem)
  return app
}
