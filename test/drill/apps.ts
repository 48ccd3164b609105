import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

// Small apps as other people have them, each with one map of sessions: correct unless its name says otherwise.

export interface App {
  url: URL
  stop(): Promise<void>
}

/** Serves on a free port of this machine. */
export async function serve(listener: RequestListener): Promise<App> {
  const server = createServer(listener)
  server.keepAliveTimeout = 120_000
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** Handlers by `METHOD /path`; a handler that throws is a 500. */
export function routes(handlers: Readonly<Record<string, Handler>>): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0]
    const handler = handlers[`${request.method} ${path}`]
    if (!handler) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here')
      return
    }
    Promise.resolve(handler(request, response)).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end('failed')
    })
  }
}

/** @returns the first value of a cookie that a request sends */
export function cookieOf(request: IncomingMessage, name: string): string {
  const pairs = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('='))
  return pairs.find(([key]) => key === name)?.[1] ?? ''
}

export function json(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(body))
}

interface CounterOptions {
  cookie?: string
  /** More Set-Cookie headers with each new session. */
  others?: readonly string[]
  attributes?: string
  start?: number
  answer?: (response: ServerResponse, visits: number, request: IncomingMessage) => unknown
}

/** A counter with one map: GET / counts, POST /logout destroys. */
export class Counter {
  readonly sessions = new Map<string, number>()
  readonly #options: CounterOptions

  constructor(options: CounterOptions = {}) {
    this.#options = options
  }

  /** @returns the session that a request belongs to, a new one if it has none */
  idOf(request: IncomingMessage, response: ServerResponse): string {
    const { cookie = 'sid', others = [], attributes = 'Path=/; HttpOnly' } = this.#options
    const sent = cookieOf(request, cookie)
    if (this.sessions.has(sent)) return sent
    const id = randomUUID()
    this.sessions.set(id, (this.#options.start ?? 1) - 1)
    response.setHeader('set-cookie', [...others, `${cookie}=${id}; ${attributes}`])
    return id
  }

  readonly visit: Handler = (request, response) => {
    const id = this.idOf(request, response)
    const visits = (this.sessions.get(id) ?? 0) + 1
    this.sessions.set(id, visits)
    const answer =
      this.#options.answer ?? ((to: ServerResponse, count: number) => json(to, { visits: count }))
    answer(response, visits, request)
  }

  readonly logout: Handler = (request, response) => {
    this.sessions.delete(cookieOf(request, this.#options.cookie ?? 'sid'))
    response.writeHead(302, { location: '/' }).end()
  }

  get listener(): RequestListener {
    return routes({ 'GET /': this.visit, 'POST /logout': this.logout })
  }
}

/** Two instances with sessions in memory, behind a balancer that keeps a browser where its cookie says. */
export function behindStickyBalancer(): RequestListener {
  const instances = [new Counter(), new Counter()]
  let turn = 0
  return (request, response) => {
    const chosen = Number(cookieOf(request, 'AWSALB').split('.')[0] || turn++ % 2)
    const { setHeader } = response
    response.setHeader = (name, value) => {
      const all = name === 'set-cookie' ? [...sticky, ...[value].flat().map(String)] : value
      return setHeader.call(response, name, all)
    }
    // A new value with each answer, as the real one has it.
    const sticky = [
      `AWSALB=${chosen}.${randomUUID()}; Expires=${new Date(Date.now() + 600_000).toUTCString()}; Path=/`,
    ]
    response.setHeader('set-cookie', [])
    instances[chosen]?.listener(request, response)
  }
}

/** Saves what it loaded, after a while: overlapping visits of a session are lost. */
export function losesOverlapping(): RequestListener {
  const counter = new Counter()
  return routes({
    async 'GET /'(request, response) {
      const id = counter.idOf(request, response)
      const visits = (counter.sessions.get(id) ?? 0) + 1
      await sleep(Math.random() * 5)
      counter.sessions.set(id, visits)
      json(response, { visits })
    },
  })
}

/** As Spring Session: a visit that is under way while its session is destroyed leaves a session that answers 500. */
export function breaksInLogoutRace(): RequestListener {
  const counter = new Counter()
  const underWay = new Map<string, number>()
  const broken = new Set<string>()
  return routes({
    async 'GET /'(request, response) {
      const sent = cookieOf(request, 'sid')
      if (broken.has(sent)) throw new Error('no creation time')
      const id = counter.idOf(request, response)
      underWay.set(id, (underWay.get(id) ?? 0) + 1)
      await sleep(Math.random() * 5)
      underWay.set(id, (underWay.get(id) ?? 0) - 1)
      if (broken.has(id)) throw new Error('no creation time')
      counter.visit(request, response)
    },
    'POST /logout'(request, response) {
      const id = cookieOf(request, 'sid')
      if ((underWay.get(id) ?? 0) > 0) broken.add(id)
      counter.logout(request, response)
    },
  })
}

/** Stops answering for a while, once. */
export class Freezable {
  readonly #listener: RequestListener
  #thaw: Promise<void> = Promise.resolve()

  constructor(listener: RequestListener) {
    this.#listener = listener
  }

  freeze(ms: number): void {
    this.#thaw = sleep(ms)
  }

  get listener(): RequestListener {
    return (request, response) => void this.#thaw.then(() => this.#listener(request, response))
  }
}
