import type { Request, RequestHandler, Response, Router } from 'express'
import { answerJson } from '../http/answer-json.js'
import { onlyMethods, Problem } from '../http/problem.js'
import { wantsPage } from '../http/wants-page.js'
import type { Instance } from '../instances/instance.js'
import type { Metrics } from '../metrics/metrics.js'
import type { ShowPage } from '../page/page-router.js'
import { leaveSession } from '../stores/leave-session.js'
import type { SessionStore } from '../stores/open-store.js'
import { countVisit, visitOf } from './count-visit.js'
import { renewCookie } from './renew-cookie.js'
import { readTrail } from './trail.js'

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/
const SHOWN_IN_JSON = ['visits']

/** The routes that count a visit. It is answered only after its commit. */
export function visitRoutes(
  router: Router,
  withSession: RequestHandler,
  store: SessionStore,
  instance: Instance,
  secrets: readonly string[],
  metrics: Metrics,
  page: ShowPage,
): void {
  // The visit of a session that is there rides on its load where the store can.
  const counting =
    store.changeOnLoad?.(withSession, (req) => ({
      update: visitOf(instance),
      idempotencyKey: idempotencyKeyOf(req),
      keys: wantsPage(req) ? undefined : SHOWN_IN_JSON,
    })) ?? withSession

  async function visit(req: Request, res: Response): Promise<void> {
    const { session } = req
    let visits = session.visits ?? 0
    const first = visits === 0
    if (!req.committedOnLoad) {
      countVisit(session, instance)
      visits = await store.commit(req, idempotencyKeyOf(req))
    }
    if (first) metrics.sessionCreated()
    else if (!session.cookie.expires) {
      renewCookie(req, res, secrets)
      // Nothing is left to store, and no cookie to set: express-session need not look for changes.
      if (store.commitsAll) leaveSession(req)
    }
    res.setHeader('vary', 'Accept')
    if (wantsPage(req)) res.type('html').send(page(req, { visits, trail: readTrail(session.trail) }))
    else answerJson(res, { visits, instance, store: store.name })
  }

  router
    .route('/')
    // A monitor's HEAD is no visit.
    .head((_req, res) => {
      res.end()
    })
    .get(counting, visit)
    .all(onlyMethods('GET', 'HEAD'))
  router.route('/api/visits').post(counting, visit).all(onlyMethods('POST'))
}

function idempotencyKeyOf(req: Request): string | undefined {
  const key = req.method === 'POST' ? req.get('Idempotency-Key') : undefined
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
    throw new Problem(400, 'Idempotency-Key takes 1 to 255 visible ASCII characters.')
  return key
}
