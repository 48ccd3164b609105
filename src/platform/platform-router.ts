import { Router } from 'express'
import * as v from 'valibot'
import type { Instance } from '../config/settings.js'
import { onlyMethods, Problem } from '../http/problem.js'
import { StoreUnavailable } from '../stores/store-errors.js'
import type { LiveInstance } from './registry.js'

export type ExitMode = 'graceful' | 'kill'

const Exit = v.object({ mode: v.optional(v.picklist(['graceful', 'kill']), 'graceful') })

/** The routes about the replicas: who lives, and, with chaos enabled, this one's death. */
export function platformRouter(
  instances: () => Promise<LiveInstance[]>,
  instance: Instance,
  exit: ((mode: ExitMode) => void) | undefined,
): Router {
  const router = Router()
    .get('/api/instances', async (_req, res) => {
      const live = await instances().catch((cause: unknown) => {
        throw new StoreUnavailable('instances', { cause })
      })
      res.json({ instances: live })
    })
    .all('/api/instances', onlyMethods('GET', 'HEAD'))
  if (!exit) return router
  return router
    .post('/api/chaos/exit', (req, res) => {
      const body = v.safeParse(Exit, req.body ?? {})
      if (!body.success) throw new Problem(400, 'The body takes {"mode":"graceful"} or {"mode":"kill"}.')
      // Its death is the answer's last act, so that whoever asked hears of it.
      res.once('close', () => exit(body.output.mode))
      res.status(202).set('Connection', 'close').json({ exit: body.output.mode, instance })
    })
    .all('/api/chaos/exit', onlyMethods('POST'))
}
