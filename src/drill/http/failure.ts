/** A request without a usable answer; `reason` is its class: refused, reset, timeout, 503, wrong answer … */
export class RequestFailed extends Error {
  readonly reason: string
  readonly instance: string | undefined

  constructor(reason: string, options?: { instance?: string | undefined; cause?: unknown }) {
    super(reason, { cause: options?.cause })
    this.reason = reason
    this.instance = options?.instance
  }
}

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

/** @returns whether sending it again under the same key may help: a client's own fault stays one. */
export function mayPass(reason: string): boolean {
  return !/^[34]\d\d$/.test(reason) || reason === '429'
}
