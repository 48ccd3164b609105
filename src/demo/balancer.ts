// The load balancer of the demo: each request goes to the next live instance.
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type NetConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import { createProxyServer } from 'httpxy'
import type { StoreName } from '../counter/config/store-names.js'
import type { BackendPool, RequestKind } from './backend-pool.js'
import { BESIDE_HEADER, COMPARED, renameCookies, turnAside } from './beside.js'

const PATIENCE_MS = 10_000
const SILENCE_MS = 60_000
/** Shorter than the 5 s after which Node closes an idle connection: a request must not meet that end. */
const IDLE_MS = 2_000

/** No connection came about, so nothing of the request was sent: another instance may have it. */
class NotConnected extends Error {}

/** Hands over connected sockets only, so that a refused request still has its body. */
class ConnectingAgent extends Agent {
  override createConnection(
    options: NetConnectOpts,
    done: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const socket = connect(options)
    const refused = (cause: Error) => done(new NotConnected('no connection', { cause }), socket)
    socket.once('error', refused)
    socket.once('connect', () => {
      socket.off('error', refused)
      done(null, socket)
    })
  }
}

export interface Balancer {
  readonly port: number
  /** Takes no further connections; `settle` is awaited before those that are open are cut. */
  close(settle?: () => Promise<void>): Promise<void>
}

type Backends = Pick<BackendPool, 'next' | 'skip'>

interface BalancerOptions {
  /** How long a request waits for a live instance at most; 10 s unless given. */
  readonly patienceMs?: number
  /** The backends that have another store; undefined: there are none. */
  readonly beside?: (store: StoreName) => Promise<Backends | undefined>
}

/**
 * Starts an HTTP load balancer on a port of 127.0.0.1 (0: a free one). Each request goes to the next live instance; visits and
 * other requests take turns separately. A request that couldn't be delivered goes to the instance after it. One that was
 * delivered is never sent again, whatever came of it: it may have been counted. With no live instance a request waits for one.
 * @throws Error with the code EADDRINUSE if the port is taken.
 */
export async function startBalancer(
  port: number,
  pool: Backends,
  { patienceMs = PATIENCE_MS, beside }: BalancerOptions = {},
): Promise<Balancer> {
  const agent = new ConnectingAgent({ keepAlive: true, timeout: IDLE_MS })
  const proxy = createProxyServer({ agent, xfwd: true, proxyTimeout: SILENCE_MS })
  const aside = new WeakMap<IncomingMessage, StoreName>()
  proxy.on('proxyRes', (answer, request) => {
    const store = aside.get(request as IncomingMessage)
    if (store) renameCookies(answer, store)
    if (beside) answer.headers[BESIDE_HEADER] = COMPARED.join(' ')
  })

  async function balance(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Nothing trusted stands in front of this proxy: what a client says about itself is dropped.
    for (const name of ['for', 'host', 'port', 'proto']) delete request.headers[`x-forwarded-${name}`]
    const store = beside && turnAside(request)
    if (store) aside.set(request, store)
    const backends = store ? await beside?.(store) : pool
    if (!backends) return problem(response, 404, 'Not Found', 'This store does not run here.')
    const patience = AbortSignal.timeout(patienceMs)
    for (;;) {
      const target = await backends.next(patience, kindOf(request))
      if (response.destroyed) return
      if (target === undefined) {
        return problem(response, 503, 'Service Unavailable', 'No instance is ready.', { 'retry-after': '1' })
      }
      try {
        return await proxy.web(request, response, { target: `http://127.0.0.1:${target}` })
      } catch (error) {
        if (!(error instanceof NotConnected)) {
          return problem(response, 502, 'Bad Gateway', 'The instance went away before it had answered.')
        }
        backends.skip(target)
      }
    }
  }

  const server = createServer((request, response) => void balance(request, response))
  // Longer than any client keeps an idle connection, so that no request is sent into a closing one.
  server.keepAliveTimeout = 75_000
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close(settle) {
      const closed = once(server, 'close')
      server.close()
      await settle?.()
      server.closeAllConnections()
      await closed
      agent.destroy()
    },
  }
}

/** Which requests count a visit; the paths are the counter's. */
function kindOf({ url }: IncomingMessage): RequestKind {
  const [path] = (url ?? '').split('?')
  return path === '/' || path === '/api/visits' ? 'visit' : 'other'
}

function problem(
  response: ServerResponse,
  status: number,
  title: string,
  detail: string,
  headers: Record<string, string> = {},
): void {
  // The client has a part of the answer: cutting it off is all that can still be said.
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(JSON.stringify({ type: 'about:blank', title, status, detail }))
}
