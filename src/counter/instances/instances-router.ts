import { Router } from 'express'
import * as v from 'valibot'
import { onlyMethods, Problem } from '../http/problem.js'
import { StoreUnavailable } from '../stores/store-errors.js'
import type { Instance } from './instance.js'
import type { Replicas } from './instances.js'

export type ExitMode = 'graceful' | 'kill'

const Exit = v.object({ mode: v.optional(v.picklist(['graceful', 'kill']), 'graceful') })

/** The routes about the replicas: who lives, and, with chaos enabled, this one's death. */
export function replicasRouter(
  replicas: Replicas,
  instance: Instance,
  exit: ((mode: ExitMode) => void) | undefined,
): Router {
  const router = Router()
    .get('/api/instances', async (_req, res) => {
      const live = await replicas.now().catch((cause: unknown) => {
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
