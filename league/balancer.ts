// The load balancer of the league: each request goes to the next instance that takes it.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Audit } from './audit.js'

const PATIENCE_MS = 10_000
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding']

export interface Balancer {
  url: string
  stop(): Promise<void>
}

/**
 * Balances over ports of 127.0.0.1, with a connection for each request. A request that could not be delivered goes to the next
 * instance; one that was delivered is never sent again. Answers name the instance in `x-served-by`.
 */
export async function startBalancer(ports: readonly number[], audit: Audit): Promise<Balancer> {
  let turn = 0

  async function balance(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming)
    const until = performance.now() + PATIENCE_MS
    for (let tries = 1; performance.now() < until && !response.destroyed; tries++) {
      const port = ports[turn++ % ports.length] ?? 0
      const answer = await forward(incoming, body, port, response)
      if (answer === 'refused') {
        if (tries % ports.length === 0) await sleep(100)
        continue
      }
      if (answer === 'broken') response.writeHead(502).end('The instance went away before it had answered.')
      else {
        const text = await buffer(answer).catch(() => undefined)
        if (!text) return void response.destroy()
        audit.saw(incoming, body.toString(), answer, text.toString())
        const headers = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.includes(name))
        response.writeHead(answer.statusCode ?? 502, { ...Object.fromEntries(headers), 'x-served-by': port })
        response.end(text)
      }
      return
    }
    response.writeHead(503).end('No instance takes the request.')
  }

  const server = createServer(
    (incoming, response) => void balance(incoming, response).catch(() => response.destroy()),
  )
  server.keepAliveTimeout = 75_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** @returns the answer; `refused` if nothing was sent; `broken` if something was */
function forward(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  port: number,
  client: ServerResponse,
): Promise<IncomingMessage | 'refused' | 'broken'> {
  return new Promise((resolve) => {
    const upstream = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, resolve)
    let connected = false
    upstream.on('socket', (socket) => socket.once('connect', () => (connected = true)))
    upstream.on('error', () => resolve(connected ? 'broken' : 'refused'))
    const giveUp = () => upstream.destroy()
    client.once('close', giveUp)
    upstream.once('close', () => client.off('close', giveUp))
    upstream.end(body)
  })
}
