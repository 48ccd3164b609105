// GET /api/instances: which instances are alive.
import { Router } from 'express'
import type { StoreName } from '../config/store-names.js'
import { onlyMethods } from '../http/problem.js'
import { StoreUnavailable } from '../http/store-unavailable.js'
import type { Instances } from './instances.js'

interface InstancesParts {
  readonly instances: Instances
  /** Where this instance keeps sessions, so that the page hears of a switch without touching a session. */
  readonly store: StoreName
}

export function instancesRoutes({ instances, store }: InstancesParts): Router {
  return Router()
    .get('/api/instances', async (_req, res) => {
      const live = await instances.now().catch((cause: unknown) => {
        throw new StoreUnavailable('instances', { cause })
      })
      res.json({ instances: live, store })
    })
    .all('/api/instances', onlyMethods('GET', 'HEAD'))
}
