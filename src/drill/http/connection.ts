// One browser's connections to the server.
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { type Dispatcher, Pool, ProxyAgent } from 'undici'
import { RequestFailed, reasonOf, TOO_LONG, UNKNOWN_ENCODING } from './failure.js'

/** What came back for one request; its body is decoded. */
export interface RawAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  setCookies: readonly string[]
  body: string
}

export interface ConnectionOptions {
  /** How many requests it carries at a time, each on a connection of its own. */
  connections: number
  timeoutMs: number
  insecure: boolean
  /** Certificates in PEM. */
  ca?: string | undefined
  cert?: string | undefined
  key?: string | undefined
  http2?: boolean
  /** Every Nth request is the last of its connection; 0 keeps connections. */
  reconnect?: number
  /** A proxy's URL. */
  proxy?: string | undefined
}

/** A longer body is no page. */
const MOST_BYTES = 64 * 1024 * 1024

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
  readonly #origin: string
  readonly #dispatcher: Dispatcher
  readonly #options: ConnectionOptions
  #requests = 0

  constructor(origin: string, options: ConnectionOptions) {
    this.#origin = origin
    this.#options = options
    const { connections, ca, cert, key, http2 = false, proxy } = options
    const tls = {
      timeout: options.timeoutMs,
      rejectUnauthorized: !options.insecure,
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    }
    const limits = { headersTimeout: 0, bodyTimeout: 0, maxResponseSize: MOST_BYTES }
    const common = { connections, pipelining: 1, ...limits, allowH2: http2 }
    this.#dispatcher =
      proxy === undefined
        ? new Pool(origin, { ...common, connect: { ...tls, lookup: lookupLocalhost } })
        : new ProxyAgent({ ...common, uri: proxy, requestTls: tls })
  }

  get proxy(): string | undefined {
    return this.#options.proxy
  }

  /**
   * @returns the answer, whatever its status
   * @throws RequestFailed when none came whole within the time limit
   */
  async send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<RawAnswer> {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), this.#options.timeoutMs)
    const { reconnect = 0 } = this.#options
    let begun = false
    try {
      const answer = await this.#dispatcher.request({
        origin: this.#origin,
        method: method as Dispatcher.HttpMethod,
        path,
        headers,
        signal: limit.signal,
        reset: reconnect > 0 && ++this.#requests % reconnect === 0,
        ...(body !== undefined && { body }),
      })
      begun = true
      const setCookies = answer.headers['set-cookie'] ?? []
      return {
        status: answer.statusCode,
        headers: answer.headers,
        setCookies: typeof setCookies === 'string' ? [setCookies] : setCookies,
        body: await textOf(answer),
      }
    } catch (error) {
      const reason = reasonOf(error)
      const incomplete = begun && (reason === 'timeout' || reason === 'reset')
      throw new RequestFailed(incomplete ? 'body incomplete' : reason, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

async function textOf({ headers, body }: Dispatcher.ResponseData): Promise<string> {
  const encodings = String(headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((encoding) => encoding !== '' && encoding !== 'identity')
  if (encodings.length === 0) return body.text()
  let bytes: Uint8Array = Buffer.from(await body.arrayBuffer())
  if (bytes.length === 0) return ''
  for (const encoding of encodings.reverse()) bytes = decompressed(bytes, encoding)
  return Buffer.from(bytes).toString()
}

function decompressed(bytes: Uint8Array, encoding: string): Uint8Array {
  try {
    switch (encoding) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(bytes, { maxOutputLength: MOST_BYTES })
      case 'br':
        return brotliDecompressSync(bytes, { maxOutputLength: MOST_BYTES })
      case 'deflate':
        return ((bytes[0] ?? 0) & 0x0f) === 8
          ? inflateSync(bytes, { maxOutputLength: MOST_BYTES })
          : inflateRawSync(bytes, { maxOutputLength: MOST_BYTES })
    }
  } catch (error) {
    const reason = reasonOf(error)
    throw new RequestFailed(reason === TOO_LONG ? reason : `body is not ${encoding}`, { cause: error })
  }
  throw new RequestFailed(UNKNOWN_ENCODING + encoding)
}
