import { Router } from 'express'

/** What the platform wants to know of this process; the entry turns it. */
export class Readiness {
  #contact = false
  #stopping = false

  /** The store has answered once. A later outage takes no replica out of the Service: they would all go at once. */
  contact(): void {
    this.#contact = true
  }

  stop(): void {
    this.#stopping = true
  }

  get state(): 'starting' | 'ready' | 'stopping' {
    if (this.#stopping) return 'stopping'
    return this.#contact ? 'ready' : 'starting'
  }
}

/** The probes: `/healthz` says that the process lives, `/readyz` whether it takes requests. Neither touches the store. */
export function healthRouter(readiness: Readiness): Router {
  return Router()
    .get('/healthz', (_req, res) => {
      res.json({ status: 'alive' })
    })
    .get('/readyz', (_req, res) => {
      const status = readiness.state
      res.status(status === 'ready' ? 200 : 503).json({ status })
    })
}
