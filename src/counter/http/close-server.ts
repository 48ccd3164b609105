import type { Server, ServerResponse } from 'node:http'

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

/** From now on each answer asks its client to take a new connection for the next request: to another replica. */
export function sendElsewhere(server: Server): void {
  server.prependListener('request', (_req, res: ServerResponse) => {
    res.setHeader('Connection', 'close')
  })
}
