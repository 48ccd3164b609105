// GET /api/instances: which instances are alive.
import { Router } from 'express'
import { onlyMethods } from '../http/problem.js'
import { StoreUnavailable } from '../stores/store-errors.js'
import type { Instances } from './instances.js'

export function instancesRoutes({ instances }: { readonly instances: Instances }): Router {
  return Router()
    .get('/api/instances', async (_req, res) => {
      const live = await instances.now().catch((cause: unknown) => {
        throw new StoreUnavailable('instances', { cause })
      })
      res.json({ instances: live })
    })
    .all('/api/instances', onlyMethods('GET', 'HEAD'))
}
