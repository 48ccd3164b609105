// The routes that count a visit. Each is answered only after its commit.
import { type Request, type Response, Router } from 'express'
import { acceptsHtml } from '../http/accepts-html.js'
import { answerJson } from '../http/answer-json.js'
import { onlyMethods } from '../http/problem.js'
import type { Instance } from '../instances/instance.js'
import type { Metrics } from '../metrics/metrics.js'
import type { CounterStore } from './counter-store.js'
import type { ShowPage } from './show-page.js'
import { readTrail } from './trail.js'

interface VisitParts {
  readonly store: CounterStore
  readonly instance: Instance
  readonly metrics: Metrics
  readonly show: ShowPage
}

export function visitRoutes({ store, instance, metrics, show }: VisitParts): Router {
  async function visit(req: Request, res: Response): Promise<void> {
    const { visits, trail, first } = await store.visit(req, res)
    if (first) metrics.sessionCreated()
    res.setHeader('Vary', 'Accept')
    if (acceptsHtml(req)) res.type('html').send(show(req, { visits, trail: readTrail(trail) }))
    else answerJson(res, { visits, instance, store: store.name })
  }

  return (
    Router()
      // A monitor's HEAD is not a visit.
      .head('/', (_req, res) => {
        res.end()
      })
      .get('/', visit)
      .all('/', onlyMethods('GET', 'HEAD'))
      .post('/api/visits', visit)
      .all('/api/visits', onlyMethods('POST'))
  )
}
