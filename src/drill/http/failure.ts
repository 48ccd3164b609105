// How a request can fail, in classes that a report can count, and what helps.

interface FailureOptions {
  instance?: string | undefined
  cause?: unknown
  more?: string
  retryAfterMs?: number | undefined
}

/** A request without a usable answer; `reason` is its class: refused, reset, timeout, 503, wrong answer … */
export class RequestFailed extends Error {
  readonly reason: string
  readonly instance: string | undefined
  /** The step of the journey that it was. */
  step: object | undefined
  /** For a person, after the reason: what was expected. */
  readonly more: string
  /** The answer's Retry-After, in ms. */
  readonly retryAfterMs: number | undefined

  constructor(reason: string, options?: FailureOptions) {
    super(reason, { cause: options?.cause })
    this.retryAfterMs = options?.retryAfterMs
    this.reason = reason
    this.instance = options?.instance
    this.more = options?.more ?? ''
  }
}

export const TOO_LONG = 'body too long'
export const UNKNOWN_ENCODING = 'Content-Encoding '
const UNKNOWN_CA = 'certificate of an unknown CA'
const CLIENT_CERTIFICATE = 'client certificate wanted'
const HTTP2_ONLY = 'HTTP/2 only'

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_ABORTED: 'timeout',
  ENOTFOUND: 'name unknown',
  EAI_AGAIN: 'name unknown',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: TOO_LONG,
  ERR_BUFFER_TOO_LARGE: TOO_LONG,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'wrong Content-Length',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate for another name',
  CERT_HAS_EXPIRED: 'certificate expired',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: CLIENT_CERTIFICATE,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': CLIENT_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: HTTP2_ONLY,
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS there',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no TLS there',
  EPROTO: 'no TLS there',
}

const HINTS: Readonly<Record<string, string>> = {
  refused: 'nothing listens there',
  'name unknown': 'the host has no address',
  [UNKNOWN_CA]: '--ca FILE gives the CA; --insecure accepts any certificate',
  'certificate for another name':
    "--header 'Host: NAME' is not enough for TLS; use the name that it has, or --insecure",
  'certificate expired': '--insecure accepts it',
  [CLIENT_CERTIFICATE]: '--cert FILE and --key FILE give it',
  [HTTP2_ONLY]: '--http2 speaks it',
  'no TLS there': 'is it http:// instead of https://?',
  'not HTTP':
    'the server speaks no HTTP/1.1 (HTTP/2 needs https:// and --http2), or a body is longer than its Content-Length',
  'body incomplete': 'the answer ended before it was whole, or came to a halt',
  400: 'if plain HTTP was sent to an HTTPS port, use https://',
  401: 'a login is needed: --journey FILE, or a user in the URL',
  403: 'a login or a CSRF token is needed: --journey FILE',
  429: 'the app limits requests: --rate N stays below its limit',
  404: '--visit names the path that counts',
  405: "--visit takes a method, too: --visit 'POST /path'",
  407: 'the proxy wants a user: HTTP_PROXY=http://USER:PASSWORD@HOST:PORT',
}

/** @returns the class of an error that undici or the system gave */
export function reasonOf(error: unknown): string {
  if (error instanceof RequestFailed) return error.reason
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'AbortError') return 'timeout'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code === undefined) return error.message
  // The parser's own codes: the answer was no HTTP.
  return REASONS[code] ?? (code.startsWith('HPE_') ? 'not HTTP' : code)
}

/** @returns the reason, and what was expected instead */
export function told(error: unknown): string {
  return reasonOf(error) + (error instanceof RequestFailed ? error.more : '')
}

/** @returns the reason, and what helps against it if that is known */
export function explained(reason: string): string {
  const hint = reason.startsWith(UNKNOWN_ENCODING)
    ? "the drill reads gzip, br and deflate; --header 'Accept-Encoding: gzip' asks for one of them"
    : HINTS[reason]
  return hint === undefined ? reason : `${reason} (${hint})`
}

/** @returns whether sending it again under the same key may help: a client's own mistake stays one. */
export function mayPass(reason: string): boolean {
  return !/^[34]\d\d$/.test(reason) || reason === '429'
}

const WAIT_MS = 300
const MOST_WAIT_MS = 5000

/** @returns how long to wait before it is tried again, in ms: what a busy or starting app asks for, within reason */
export function waitAfter({ reason, retryAfterMs }: RequestFailed): number {
  return /^(429|50[234])$/.test(reason) ? Math.min(MOST_WAIT_MS, retryAfterMs ?? WAIT_MS) : 0
}

/** @returns a Retry-After header in ms */
export function retryAfterOf(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
