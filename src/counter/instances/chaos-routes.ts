// POST /api/chaos/exit: ends the instance that answers, so that visitors can see what happens to their sessions.
import { Router } from 'express'
import * as v from 'valibot'
import { onlyMethods, Problem } from '../http/problem.js'
import type { Instance } from './instance.js'

export type ExitMode = 'graceful' | 'kill'

const Exit = v.object({ mode: v.optional(v.picklist(['graceful', 'kill']), 'graceful') })

interface ChaosParts {
  readonly instance: Instance
  /** Ends this process. */
  readonly exit: (mode: ExitMode) => void
}

export function chaosRoutes({ instance, exit }: ChaosParts): Router {
  return Router()
    .post('/api/chaos/exit', (req, res) => {
      const body = v.safeParse(Exit, req.body ?? {})
      if (!body.success) throw new Problem(400, 'The body takes {"mode":"graceful"} or {"mode":"kill"}.')
      // After the answer, so that whoever asked gets it.
      res.once('close', () => exit(body.output.mode))
      res.status(202).set('Connection', 'close').json({ exit: body.output.mode, instance })
    })
    .all('/api/chaos/exit', onlyMethods('POST'))
}
