import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { Pool } from 'undici'
import { RequestFailed, reasonOf } from './failure.js'

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  setCookie: readonly string[]
  body: string
}

export interface ConnectionOptions {
  /** How many requests it carries at a time, each on a connection of its own. */
  connections: number
  timeoutMs: number
  insecure: boolean
  headers: Record<string, string>
}

type Found = (error: Error | null, address: string | LookupAddress[], family?: number) => void

// Browsers and curl take NAME.localhost for this machine (RFC 6761); getaddrinfo asks the DNS.
function lookupLocalhost(host: string, options: LookupOptions, found: Found): void {
  if (!/\.localhost\.?$/i.test(host)) lookup(host, options, found)
  else if (options.all) found(null, [{ address: '127.0.0.1', family: 4 }])
  else found(null, '127.0.0.1', 4)
}

/**
 * One browser's connections to the server: kept alive, one request at a time on each, and nothing is ever sent a
 * second time unasked. By undici, as it costs half the processor time of node:http, which the server under test
 * gets instead.
 */
export class Connection {
  readonly #pool: Pool
  readonly #options: ConnectionOptions

  constructor(origin: string, options: ConnectionOptions) {
    this.#options = options
    this.#pool = new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: options.timeoutMs,
        rejectUnauthorized: !options.insecure,
        lookup: lookupLocalhost,
      },
    })
  }

  /**
   * @returns the answer, whatever its status
   * @throws RequestFailed when none came whole within the time limit
   */
  async send(method: string, path: string, headers: Record<string, string>): Promise<Answer> {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), this.#options.timeoutMs)
    try {
      const answer = await this.#pool.request({
        method: method as 'GET',
        path,
        headers: { ...this.#options.headers, ...headers },
        signal: limit.signal,
      })
      const setCookie = answer.headers['set-cookie'] ?? []
      return {
        status: answer.statusCode,
        headers: answer.headers,
        setCookie: typeof setCookie === 'string' ? [setCookie] : setCookie,
        body: await answer.body.text(),
      }
    } catch (error) {
      throw new RequestFailed(reasonOf(error), { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}
