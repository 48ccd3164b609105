import { type Request, type Response, Router } from 'express'
import type { Instance, StoreName } from '../config/settings.js'
import { onlyMethods, Problem } from '../http/problem.js'
import { wantsPage } from '../http/wants-page.js'
import type { Metrics } from '../metrics/metrics.js'
import type { ShowPage } from '../page/page-router.js'
import type { SessionStore } from '../stores/open-store.js'
import { countVisit } from './count-visit.js'

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** The routes that count a visit. It is answered only after its commit. */
export function visitRouter(
  store: SessionStore,
  name: StoreName,
  instance: Instance,
  metrics: Metrics,
  page: ShowPage,
): Router {
  async function visit(req: Request, res: Response): Promise<void> {
    const key = req.method === 'POST' ? req.get('Idempotency-Key') : undefined
    if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) {
      throw new Problem(400, 'Idempotency-Key takes 1 to 255 visible ASCII characters.')
    }
    const first = req.session.visits === undefined
    countVisit(req.session, instance)
    const visits = await store.commit(req, key)
    if (first) metrics.sessionCreated()
    res.set({ 'Cache-Control': 'no-store', Vary: 'Accept' })
    if (wantsPage(req)) res.type('html').send(page(req, { visits, trail: req.session.trail ?? [] }))
    else res.json({ visits, instance, store: name })
  }

  return Router()
    .get('/', visit)
    .all('/', onlyMethods('GET', 'HEAD'))
    .post('/api/visits', visit)
    .all('/api/visits', onlyMethods('POST'))
}
