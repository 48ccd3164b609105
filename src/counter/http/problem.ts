// Answers each error: as problem+json (RFC 9457) to programs, as a page to people. The one place that chooses statuses.
import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Logger } from 'pino'
import { SessionGoneError, StoreError } from '../../store/index.js'
import { acceptsHtml } from './accepts-html.js'
import { detachSession } from './detach-session.js'
import { StoreUnavailable } from './store-unavailable.js'

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** An answer other than success; its message is meant for the client. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, detail: string, headers: Record<string, string> = {}, cause?: unknown) {
    super(detail, { cause })
    this.status = status
    this.headers = headers
  }
}

/** Answers 405 for a path that exists with other methods. */
export function onlyMethods(...methods: string[]): RequestHandler {
  const allow = methods.join(', ')
  const supported = methods.join(' or ')
  return ({ method }) => {
    throw new Problem(405, `${method} is not supported here; use ${supported}.`, { Allow: allow })
  }
}

/** Answers 404 for everything that no route took. */
export const notFound: RequestHandler = () => {
  throw new Problem(404, 'Nothing was found at this path.')
}

/** A problem as a page; `again`: the browser loads it again after a moment. */
export type ShowProblem = (status: number, title: string, detail: string, again: boolean) => string

/** Clients see only what is meant for them; the log gets the rest. */
export function problemHandler(log: Logger, page: ShowProblem): ErrorRequestHandler {
  return function answerProblem(error: unknown, req, res, _next) {
    // The timeout has answered already: how the request ended does not matter any more.
    if (res.writableEnded) return
    const problem = problemOf(error)
    if (problem.status >= 500)
      log.error({ err: error, requestId: req.id, trace_id: req.traceId, problem: problem.message }, 'failed')
    // After a failure nothing is saved.
    detachSession(req)
    if (res.headersSent) {
      res.destroy()
      return
    }
    const title = TITLES[problem.status] ?? 'Error'
    res.status(problem.status).set({ ...problem.headers, Vary: 'Accept' })
    if (acceptsHtml(req)) {
      const again = problem.status === 503 && req.method === 'GET'
      if (again) res.set('Refresh', '2')
      res.type('html').send(page(problem.status, title, problem.message, again))
      return
    }
    const body = {
      type: 'about:blank',
      title,
      status: problem.status,
      detail: problem.message,
      requestId: req.id,
    }
    res.type('application/problem+json').send(JSON.stringify(body))
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof StoreUnavailable || error instanceof StoreError) {
    const detail = 'The session store is not responding. No acknowledged visit is lost; please retry.'
    return new Problem(503, detail, { 'Retry-After': '1' }, error)
  }
  if (error instanceof SessionGoneError)
    return new Problem(409, 'This session has ended in the meantime.', {}, error)
  const { status, expose } = error as { status?: unknown; expose?: unknown }
  // Errors of the body parser and the router; their own messages may repeat what the client sent.
  if (typeof status === 'number' && status >= 400 && status < 500 && expose !== false) {
    const detail = status === 413 ? 'The body is too large.' : 'The request could not be read.'
    return new Problem(status, detail, {}, error)
  }
  return new Problem(500, 'An internal error occurred.', {}, error)
}
