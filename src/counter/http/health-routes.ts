// The probes of the platform: /healthz and /readyz. Neither touches the store.
import { Router } from 'express'

/** Readiness of this process, updated by server.ts. */
export class Readiness {
  #contact = false
  #stopping = false

  /** The store has answered once. A later outage takes no instance out of the Service: all would go at once. */
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

/** `/healthz` says that the process is alive, `/readyz` whether it takes requests. */
export function healthRoutes({ readiness }: { readonly readiness: Readiness }): Router {
  return Router()
    .get('/healthz', (_req, res) => {
      res.json({ status: 'alive' })
    })
    .get('/readyz', (_req, res) => {
      const status = readiness.state
      res.status(status === 'ready' ? 200 : 503).json({ status })
    })
}
