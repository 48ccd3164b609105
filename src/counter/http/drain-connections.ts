// Ends the server without losing a request in flight.
import type { Server } from 'node:http'

/** Stops listening and waits until each request in flight is answered; after patienceMs the remaining connections are cut. */
export async function drainConnections(server: Server, patienceMs: number): Promise<void> {
  const closed = new Promise((resolve) => {
    server.close(resolve)
  })
  // A connection turns idle after its last answer, and the server doesn't look again.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const cut = setTimeout(() => server.closeAllConnections(), patienceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}
