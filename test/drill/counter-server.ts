import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

interface Session {
  visits: number
  answers: Map<string, number>
}

/** What is wrong with an answer. */
export type Fault = 'lose' | 'twice' | 'reset' | 'hang' | 'wrong' | 'overload'

export interface CounterOptions {
  /** What is wrong with the nth visit of all. */
  fault?: (nth: number) => Fault | undefined
  /** Loads a copy, and saves it after a while: loses parallel visits, and brings destroyed sessions back. */
  savesCopies?: boolean
  /** Counts a visit again that comes with the same Idempotency-Key. */
  ignoresKeys?: boolean
  /** Counts everybody together. */
  oneForAll?: boolean
  html?: boolean
  cookieName?: string
}

/** A small visit counter, correct or wrong in one chosen way; it counts its own faults, as the drill must find them. */
export class CounterServer {
  readonly faults = new Map<Fault, number>()
  readonly #options: CounterOptions
  readonly #sessions = new Map<string, Session>()
  readonly #server: Server
  #visits = 0

  private constructor(options: CounterOptions) {
    this.#options = options
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  static async start(options: CounterOptions = {}): Promise<CounterServer> {
    const counter = new CounterServer(options)
    // A connection closed for being idle, in the moment of its next request, would be a failure of the test's own.
    counter.#server.keepAliveTimeout = 120_000
    // With room for all who come before a busy machine takes them in: a connection beyond it would be reset.
    counter.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
    await once(counter.#server, 'listening')
    return counter
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}/`)
  }

  faultCount(fault: Fault): number {
    return this.faults.get(fault) ?? 0
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = this.#options.cookieName ?? 'connect.sid'
    const id = new RegExp(`${name}=s%3A([^.]+)\\.`).exec(request.headers.cookie ?? '')?.[1] ?? ''
    await sleep(Math.random() * 2)
    if (request.url === '/api/session' || request.url === '/logout') {
      if (request.method !== 'GET') {
        this.#sessions.delete(id)
        response.writeHead(204).end()
      } else if (this.#sessions.has(id)) this.#reply(response, this.#sessions.get(id)?.visits ?? 0)
      else response.writeHead(404).end()
      return
    }
    await this.#visit(id, request, response, name)
  }

  async #visit(id: string, request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    let fault = this.#options.fault?.(++this.#visits)
    // Who comes for the first time has nothing to lose.
    if (fault === 'reset' && !this.#sessions.has(id)) fault = undefined
    if (fault === 'reset') this.#sessions.delete(id)
    if (fault) this.faults.set(fault, this.faultCount(fault) + 1)
    if (fault === 'overload') {
      response.writeHead(503).end()
      return
    }

    const known = this.#sessions.get(id)
    const current = known ? id : this.#options.oneForAll ? 'all' : randomUUID()
    const session = known ?? this.#sessions.get(current) ?? { visits: 0, answers: new Map() }
    const saved = this.#options.savesCopies ? { ...session } : session
    const key = String(request.headers['idempotency-key'] ?? '')
    const repeated = this.#options.ignoresKeys ? undefined : session.answers.get(key)
    const number = repeated ?? saved.visits + 1
    if (repeated === undefined) {
      saved.visits += fault === 'twice' ? 2 : fault === 'lose' ? 0 : 1
      if (key) session.answers.set(key, number)
    }
    if (this.#options.savesCopies) await sleep(Math.random() * 6)
    this.#sessions.set(current, saved)

    if (fault === 'hang') return
    if (!known) response.setHeader('set-cookie', `${name}=s%3A${current}.signature; Path=/; HttpOnly`)
    if (fault === 'wrong') response.end('{"visits":"many"')
    else this.#reply(response, number)
  }

  #reply(response: ServerResponse, visits: number): void {
    const instance = { id: `instance-${visits % 2}`, index: visits % 2 }
    if (this.#options.html) {
      response.setHeader('x-instance', instance.id)
      response.end(`<p>You were here <b>${visits}</b> times</p>`)
    } else {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ visits, instance }))
    }
  }
}
