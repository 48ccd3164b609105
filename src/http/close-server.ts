import type { Server } from 'node:http'
import type { RequestHandler } from 'express'
import type { Readiness } from './health.js'

/** Stops listening and waits until each request in flight is answered; after patienceMs the rest is cut. */
export async function closeServer(server: Server, patienceMs: number): Promise<void> {
  const closed = new Promise((resolve) => {
    server.close(resolve)
  })
  // A connection turns idle after its last answer: nobody else would close it then.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const cut = setTimeout(() => server.closeAllConnections(), patienceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}

/** While the process stops, each answer asks its client to take a new connection for the next request: to another replica. */
export function closeWhileStopping(readiness: Readiness): RequestHandler {
  return function closeWhileStopping(_req, res, next) {
    if (readiness.state === 'stopping') res.setHeader('Connection', 'close')
    next()
  }
}
