// Lets keep-alive connections go, so that clients behind a balancer of connections (kube-proxy, a load balancer of layer 4)
// meet the other instances, new ones among them, and not for good the one that their first connection went to.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import onHeaders from 'on-headers'
import { acceptsHtml } from './accepts-html.js'

export interface ConnectionLimits {
  /** Requests on one connection; 0: no limit. */
  readonly maxRequests: number
  /** Seconds that one connection is used for; 0: no limit. */
  readonly maxAgeSeconds: number
}

interface Connection {
  /** Requests so far. Not the last one itself: an idle connection would keep it, and all that hangs on it, in memory. */
  requests: number
  readonly maxRequests: number
  /** ms, as performance.now() counts. */
  readonly endsAt: number
  /** The client was told that the connection closes after this answer. */
  closing: boolean
}

/**
 * Ends a connection in the one way that loses no request: by `Connection: close` on an answer. An idle connection is never
 * closed here, for the client may just be sending its next request.
 */
export class ConnectionLimiter {
  readonly #limits: ConnectionLimits
  readonly #connections = new WeakMap<Socket, Connection>()
  #draining = false

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  /** From now on each answer is the last one on its connection. */
  drain(): void {
    this.#draining = true
  }

  /** @returns a listener for the server's requests that hands them to the app. */
  listener(app: RequestListener): RequestListener {
    return (req, res) => {
      const connection = this.#connectionOf(req)
      // Sent before the client read that this connection closes. It sends it again on another one (RFC 9112, 9.3.2), so it must
      // not take effect here.
      if (connection.closing) return
      connection.requests += 1
      if (this.#isDue(connection, req)) closeAfter(connection, req, res)
      app(req, res)
    }
  }

  #connectionOf({ socket }: IncomingMessage): Connection {
    let connection = this.#connections.get(socket)
    if (!connection) {
      const { maxRequests, maxAgeSeconds } = this.#limits
      connection = {
        requests: 0,
        maxRequests: jittered(maxRequests),
        endsAt: performance.now() + jittered(maxAgeSeconds * 1000),
        closing: false,
      }
      this.#connections.set(socket, connection)
    }
    return connection
  }

  #isDue(connection: Connection, req: IncomingMessage): boolean {
    const { requests, maxRequests, endsAt } = connection
    if (this.#draining || requests >= maxRequests || performance.now() >= endsAt) return true
    return this.#limits.maxAgeSeconds > 0 && isBrowserAtConnection(req)
  }
}

/** @returns between half of the limit and all of it, so that connections made in one moment don't end in one; 0: no limit. */
function jittered(limit: number): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : Math.ceil(limit * (1 - Math.random() / 2))
}

/**
 * Whether a person's browser loads a page or sends a form or a click, without a proxy between that balances each request. Its
 * next page load or click then takes a new connection; what the page asks for automatically (polls, assets) keeps its own.
 */
function isBrowserAtConnection(req: IncomingMessage): boolean {
  const { headers } = req
  return headers['x-forwarded-for'] === undefined && (acceptsHtml(req) || headers.origin !== undefined)
}

function closeAfter(connection: Connection, req: IncomingMessage, res: ServerResponse): void {
  const { requests } = connection
  onHeaders(res, () => {
    // A pipelined request behind this one would be lost, and closing in the middle of a body resets the connection.
    if (connection.requests !== requests || awaitsBody(req)) return
    connection.closing = true
    res.setHeader('Connection', 'close')
  })
}

function awaitsBody({ complete, headers }: IncomingMessage): boolean {
  return (
    !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
  )
}
