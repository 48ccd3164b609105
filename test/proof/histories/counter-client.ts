import { Agent, type IncomingMessage, request } from 'node:http'
import type { SessionInput, SessionOutput } from './session-model.js'

/** A session as a browser holds it: its cookie. */
export type Cookie = string

export interface Answer {
  /** undefined: it tells nothing. */
  readonly output: SessionOutput | undefined
  /** The cookie of another session, if the answer sets one. */
  readonly cookie: Cookie | undefined
  /** An answer that the counter should never give. */
  readonly unmeant?: string
}

const UNKNOWN: Answer = { output: undefined, cookie: undefined }

// Never a request sent twice, as fetch may.
const agent = new Agent({ keepAlive: true })

/** Asks an instance of the counter, and reads its answer as the model has it. */
export async function ask(
  url: string,
  cookie: Cookie | undefined,
  input: SessionInput,
  patienceMs: number,
): Promise<Answer> {
  const [method, path, key] = wordsOf(input)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (cookie) headers.cookie = cookie
  if (key !== undefined) headers['idempotency-key'] = key
  const response = await send(url + path, method, headers, patienceMs).catch(() => undefined)
  if (!response) return UNKNOWN
  const { status, body } = response
  const set = response.cookie === cookie ? undefined : response.cookie
  if (status === 204) return { output: 'done', cookie: undefined }
  if (status === 404 || status === 409) return { output: 'absent', cookie: undefined }
  if (status === 503) return UNKNOWN
  if (status !== 200) return { ...UNKNOWN, unmeant: `${method} ${path}: ${status} ${body}` }
  const { visits } = JSON.parse(body) as { visits: number }
  // A visit to a session that has ended begins another one; regenerate gives the same one another id.
  const absent = input.kind === 'visit' && cookie !== undefined && set !== undefined
  return { output: absent ? 'absent' : visits, cookie: set }
}

function wordsOf(input: SessionInput): [method: string, path: string, key?: string | undefined] {
  switch (input.kind) {
    case 'visit':
      return input.key === undefined ? ['GET', '/'] : ['POST', '/api/visits', input.key]
    case 'read':
      return ['GET', '/api/session']
    case 'destroy':
      return ['DELETE', '/api/session']
    case 'regenerate':
      return ['POST', '/api/session/regenerate']
  }
}

interface Response {
  readonly status: number
  readonly body: string
  readonly cookie: Cookie | undefined
}

function send(
  url: string,
  method: string,
  headers: Record<string, string>,
  patienceMs: number,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent, signal: AbortSignal.timeout(patienceMs) })
    asked.on('error', reject).on('response', (response: IncomingMessage) => {
      let body = ''
      response
        .setEncoding('utf8')
        .on('data', (text) => {
          body += text
        })
        .on('error', reject)
        .on('close', () => {
          if (!response.complete) reject(new Error('the answer was cut off'))
          const [cookie] = response.headers['set-cookie'] ?? []
          resolve({ status: response.statusCode ?? 0, body, cookie: cookie?.split(';')[0] })
        })
    })
    asked.end()
  })
}
