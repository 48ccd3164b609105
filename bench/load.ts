import { connect, type Socket } from 'node:net'
import { quantile } from './statistics.js'

/** What a load was answered with. */
interface LoadResult {
  readonly seconds: number
  /** Answers 200. */
  readonly answered: number
  readonly failed: number
  /** ms that half, and all but one of a hundred, of the answers took at most. */
  readonly p50: number
  readonly p99: number
}

interface Load {
  /** Each connection has one of them, in turn. */
  readonly ports: readonly number[]
  readonly path: string
  /** undefined: each request is a new visitor's. */
  readonly cookies: readonly string[] | undefined
  readonly connections: number
  readonly seconds: number
  /** requests/s in all; undefined: as many as are answered */
  readonly rate?: number | undefined
}

/**
 * Asks over connections that stay open, as fast as it is answered or at an even rate. What is late because the answer before
 * was late counts as asked when it was due: a slow server doesn't get fewer requests (Gil Tene's coordinated omission). Each
 * connection has cookies of its own, in turn, so that no session has two requests at once unless there are fewer sessions than
 * connections. A connection that an answer says it closes is replaced.
 * @throws Error where a connection is lost.
 */
export async function load({ ports, path, cookies, connections, seconds, rate }: Load): Promise<LoadResult> {
  const requests = (cookies ?? ['']).map((cookie) =>
    Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${cookie && `Cookie: ${cookie}\r\n`}Accept: */*\r\n\r\n`,
    ),
  )
  const times: number[] = []
  let [answered, failed] = [0, 0]
  const started = performance.now()
  const end = started + seconds * 1000
  const due = (request: number) => started + (request / (rate ?? 1)) * 1000
  const client = async (number: number) => {
    const own = requests.filter((_, i) => i % connections === number % requests.length)
    const port = ports[number % ports.length] ?? 0
    let connection = new Connection(port)
    for (let turn = 0; performance.now() < end; turn += 1) {
      const since = rate === undefined ? performance.now() : await turnAt(due(turn * connections + number))
      if (since >= end) break
      if ((await connection.ask(own[turn % own.length] ?? '')) === 200) answered += 1
      else failed += 1
      times.push(performance.now() - since)
      if (connection.closes) connection = new Connection(port)
    }
    connection.end()
  }
  await Promise.all(Array.from({ length: connections }, (_, number) => client(number)))
  const took = (performance.now() - started) / 1000
  const sorted = Float64Array.from(times).sort()
  return { seconds: took, answered, failed, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}

/** Waits until then. @returns when it was: then where that has passed already, else the moment in which the wait ended. */
async function turnAt(due: number): Promise<number> {
  const left = due - performance.now()
  if (left <= 0) return due
  await new Promise((resolve) => setTimeout(resolve, left))
  return performance.now()
}

/** Asks, and reads the statuses of answers that all have a Content-Length: a client that takes less than the server it measures. */
class Connection {
  readonly #socket: Socket
  #rest = ''
  #waiting: { resolve(status: number): void; reject(error: Error): void } | undefined
  /** Whether the last answer was the last one of this connection. */
  closes = false

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (data: string) => this.#read(data))
    this.#socket.on('error', (error) => this.#waiting?.reject(error))
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')))
  }

  ask(request: Uint8Array | string): Promise<number> {
    this.#socket.write(request)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  end(): void {
    this.#socket.destroy()
  }

  #read(data: string): void {
    this.#rest += data
    const end = this.#rest.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(this.#rest)?.[1])
    if (this.#rest.length < end + 4 + length) return
    const status = Number(this.#rest.slice(9, 12))
    this.closes = /^connection: close/im.test(this.#rest.slice(0, end))
    this.#rest = ''
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(status)
  }
}
