import type { Server } from 'node:http'

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
