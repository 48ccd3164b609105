// The routes that count a visit. Each is answered only after its commit.
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { acceptsHtml } from '../http/accepts-html.js'
import { detachSession } from '../http/detach-session.js'
import { onlyMethods, Problem } from '../http/problem.js'
import { renewCookie } from '../http/renew-cookie.js'
import type { Instance } from '../instances/instance.js'
import type { Metrics } from '../metrics/metrics.js'
import type { SessionStore } from '../stores/open-store.js'
import { countVisit, visitOf } from './count-visit.js'
import type { ShowPage } from './show-page.js'
import { readTrail } from './trail.js'

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/
const SHOWN_IN_JSON = ['visits']

interface VisitParts {
  /** express-session's middleware. */
  readonly sessions: RequestHandler
  readonly store: SessionStore
  readonly instance: Instance
  readonly secrets: readonly string[]
  readonly metrics: Metrics
  readonly show: ShowPage
}

export function visitRoutes({ sessions, store, instance, secrets, metrics, show }: VisitParts): Router {
  // If the session exists and the store supports it, the visit is counted while the session is loaded.
  const counting =
    store.updateOnLoad?.(sessions, (req) => ({
      ...visitOf(instance),
      idempotencyKey: idempotencyKeyOf(req),
      keys: acceptsHtml(req) ? undefined : SHOWN_IN_JSON,
    })) ?? sessions

  async function visit(req: Request, res: Response): Promise<void> {
    const { session } = req
    let visits = session.visits ?? 0
    const first = req.sessionUpdate ? req.sessionUpdate === 'created' : visits === 0
    if (!req.sessionUpdate) {
      countVisit(session, instance)
      visits = await store.commit(req, idempotencyKeyOf(req))
    }
    if (first) metrics.sessionCreated()
    else if (!session.cookie.expires) {
      renewCookie(req, res, secrets)
      // Nothing is left to store, and no cookie to set: express-session need not look for changes.
      if (store.commitsAll) detachSession(req)
    }
    res.setHeader('vary', 'Accept')
    if (acceptsHtml(req)) res.type('html').send(show(req, { visits, trail: readTrail(session.trail) }))
    else res.json({ visits, instance, store: store.name })
  }

  const router = Router()
  router
    .route('/')
    // A monitor's HEAD is not a visit.
    .head((_req, res) => {
      res.end()
    })
    .get(counting, visit)
    .all(onlyMethods('GET', 'HEAD'))
  router.route('/api/visits').post(counting, visit).all(onlyMethods('POST'))
  return router
}

function idempotencyKeyOf(req: Request): string | undefined {
  const key = req.method === 'POST' ? req.get('Idempotency-Key') : undefined
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
    throw new Problem(400, 'Idempotency-Key takes 1 to 255 visible ASCII characters.')
  return key
}
