import type { Instance } from '../../instances/instance.js'
import type { Visit } from '../../visit/trail.js'

/** Why a request has no answer yet; it is being tried again. */
export type Trouble = 'slow' | 'instance gone' | 'redis away' | 'nobody there'

export interface CountedVisit {
  readonly visits: number
  readonly instance: Instance
  /** The server's clock, in ms since 1970: the browser's may be off. */
  readonly at: number
  /** How often it was sent. */
  readonly tries: number
}

export interface StoredSession {
  readonly visits: number
  readonly trail: readonly Visit[]
}

interface Answer {
  /** 0: none came. */
  readonly status: number
  readonly at: number
  readonly body: unknown
  /** It was not waited for any longer. */
  readonly timedOut: boolean
}

interface Sending {
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly patienceMs?: number
  readonly priority?: RequestPriority
}

/** An answer that trying again would not change. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number) {
    super(`answered ${status}`)
    this.status = status
  }
}

const PATIENCE_MS = 15_000
const SLOW_MS = 800
const PAUSE_MS = 1_000

/** Sends a request once. */
export async function send(method: string, path: string, sending: Sending = {}): Promise<Answer> {
  const { patienceMs = PATIENCE_MS, ...init } = sending
  try {
    const signal = AbortSignal.timeout(patienceMs)
    const response = await fetch(path, { method, cache: 'no-store', signal, ...init })
    const text = await response.text()
    const at = Date.parse(response.headers.get('Date') ?? '') || Date.now()
    const json = response.headers.get('Content-Type')?.includes('json')
    return { status: response.status, at, body: json ? JSON.parse(text) : text, timedOut: false }
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError'
    return { status: 0, at: Date.now(), body: undefined, timedOut }
  }
}

/** @returns why an answer is worth another try, if it is. */
export function troubleOf({ status, body }: Answer): Trouble | undefined {
  if (status === 0 || status === 502 || status === 504) return 'instance gone'
  // The counter's own answer names its request; a load balancer that finds no instance says 503 too.
  if (status === 503) return (body as { requestId?: unknown }).requestId ? 'redis away' : 'nobody there'
  return undefined
}

/**
 * Sends a request until it has an answer: once more at once where the instance went away, then every second.
 * @throws Refused where the answer is an error that stays.
 */
async function persist(
  method: string,
  path: string,
  tell: (trouble: Trouble | undefined) => void,
  sending: Sending = {},
): Promise<Answer & { tries: number }> {
  const slow = setTimeout(tell, SLOW_MS, 'slow')
  try {
    for (let tries = 1; ; tries++) {
      const answer = await send(method, path, sending)
      const trouble = troubleOf(answer)
      if (!trouble) {
        if (answer.status >= 400) throw new Refused(answer.status)
        return { ...answer, tries }
      }
      tell(tries > 1 && trouble === 'instance gone' ? 'nobody there' : trouble)
      if (tries > 1 || trouble !== 'instance gone') await pause(PAUSE_MS)
    }
  } finally {
    clearTimeout(slow)
    tell(undefined)
  }
}

/** Counts a visit, exactly once however often it has to be sent: its key stays the same. */
export async function visit(tell: (trouble: Trouble | undefined) => void): Promise<CountedVisit> {
  const { body, at, tries } = await persist('POST', '/api/visits', tell, {
    headers: { 'Idempotency-Key': newKey() },
  })
  return { ...(body as { visits: number; instance: Instance }), at, tries }
}

/** @returns the session as it is stored, or null. */
export async function storedSession(
  tell: (trouble: Trouble | undefined) => void,
): Promise<StoredSession | null> {
  try {
    return (await persist('GET', '/api/session', tell)).body as StoredSession
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null
    throw error
  }
}

export async function endSession(tell: (trouble: Trouble | undefined) => void): Promise<void> {
  await persist('DELETE', '/api/session', tell, { priority: 'high' })
}

export async function renewSession(tell: (trouble: Trouble | undefined) => void): Promise<void> {
  await persist('POST', '/api/session/regenerate', tell)
}

/** Kills the instance that gets this request. */
export async function killInstance(): Promise<Instance | undefined> {
  const { status, body } = await send('POST', '/api/chaos/exit', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ mode: 'kill' }),
  })
  return status === 202 ? (body as { instance: Instance }).instance : undefined
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

// Not crypto.randomUUID: browsers have it only with TLS or on localhost.
function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
