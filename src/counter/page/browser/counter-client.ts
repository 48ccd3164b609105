// Talks to the counter over HTTP, and tries again until it has an answer.
import type { StoreName } from '../../config/store-names.js'
import type { Instance, LiveInstance } from '../../instances/instance.js'
import type { Visit } from '../../visit/trail.js'

/** Why a request has no answer yet, as far as the page can know; it is being tried again. */
export type Trouble = 'slow' | 'unanswered' | 'unreachable' | 'no instance' | 'no Redis'

export interface CountedVisit {
  readonly visits: number
  readonly instance: Instance
  readonly store: StoreName
  /** The server's clock, in ms since 1970: the browser's may be off. */
  readonly at: number
  /** How often it was sent. */
  readonly tries: number
}

export interface StoredSession {
  readonly visits: number
  readonly trail: readonly Visit[]
}

export interface Polled {
  readonly trouble?: Trouble | undefined
  readonly instances?: readonly LiveInstance[]
}

export interface Listener {
  /** Why a request waits; undefined: it has its answer. */
  trouble(trouble: Trouble | undefined): void
  /** Which store an answer came from. */
  store(store: StoreName): void
  /** Which stores run below /beside/ of this origin; none unless the platform says so. */
  beside?(stores: readonly StoreName[]): void
}

/** The demo's load balancer says by it what it can compare; nobody else sends it. */
const BESIDE_HEADER = 'x-demo-beside'

interface Answer {
  /** 0: none came. */
  readonly status: number
  readonly at: number
  readonly body: unknown
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

/** Longer than a load balancer waits for an instance, and an instance for Redis. */
const PATIENCE_MS = 15_000
const SLOW_MS = 1_500
const PAUSE_MS = 1_000

/** The counter below a path of this origin; the browser keeps the session's cookie. */
export class CounterClient {
  readonly #base: string
  readonly #listener: Listener

  constructor(listener: Listener, base = document.documentElement.dataset.base ?? '') {
    this.#listener = listener
    this.#base = base
  }

  /** Counts a visit, exactly once however often it has to be sent: its key stays the same. */
  async visit(): Promise<CountedVisit> {
    const headers = { 'Idempotency-Key': newKey() }
    const { body, at, tries } = await this.#persist('POST', '/api/visits', { headers })
    return { ...(body as Omit<CountedVisit, 'at' | 'tries'>), at, tries }
  }

  /** @returns the session as it is stored, or null. */
  async stored(): Promise<StoredSession | null> {
    try {
      return (await this.#persist('GET', '/api/session')).body as StoredSession
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null
      throw error
    }
  }

  async end(): Promise<void> {
    await this.#persist('DELETE', '/api/session', { priority: 'high' })
  }

  async renew(): Promise<void> {
    await this.#persist('POST', '/api/session/regenerate')
  }

  /** Ends the instance that gets this request. @returns which one; undefined if none took the request. */
  async endInstance(mode: 'kill' | 'graceful'): Promise<Instance | undefined> {
    const { status, body } = await this.#send('POST', '/api/chaos/exit', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ mode }),
    })
    return status === 202 ? (body as { instance: Instance }).instance : undefined
  }

  /** Asks once who is alive. */
  async instances(): Promise<Polled> {
    const answer = await this.#send('GET', '/api/instances')
    if (answer.status === 200) return { instances: (answer.body as { instances: LiveInstance[] }).instances }
    return { trouble: troubleOf(answer) }
  }

  /**
   * Sends a request until it has an answer: once more at once if none came, then every second.
   * @throws Refused if the answer is an error that stays.
   */
  async #persist(method: string, path: string, sending: Sending = {}): Promise<Answer & { tries: number }> {
    const slow = setTimeout(() => this.#listener.trouble('slow'), SLOW_MS)
    try {
      for (let tries = 1; ; tries++) {
        const answer = await this.#send(method, path, sending)
        const trouble = troubleOf(answer)
        if (!trouble) {
          if (answer.status >= 400) throw new Refused(answer.status)
          return { ...answer, tries }
        }
        const again = tries === 1 && (answer.status === 0 || answer.status === 502)
        this.#listener.trouble(again ? 'unanswered' : trouble)
        if (!again) await pause(PAUSE_MS)
      }
    } finally {
      clearTimeout(slow)
      this.#listener.trouble(undefined)
    }
  }

  async #send(method: string, path: string, sending: Sending = {}): Promise<Answer> {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS)
      const response = await fetch(this.#base + path, { method, cache: 'no-store', signal, ...sending })
      const text = await response.text()
      const at = Date.parse(response.headers.get('Date') ?? '') || Date.now()
      const json = response.headers.get('Content-Type')?.includes('json')
      const body: unknown = json ? JSON.parse(text) : text
      const { store } = body as { store?: StoreName }
      if (store) this.#listener.store(store)
      const beside = response.headers.get(BESIDE_HEADER)
      if (beside) this.#listener.beside?.(beside.split(' ') as StoreName[])
      return { status: response.status, at, body }
    } catch {
      return { status: 0, at: Date.now(), body: undefined }
    }
  }
}

/** @returns what an answer says of the way to it, if it is worth another try. */
function troubleOf({ status, body }: Answer): Trouble | undefined {
  if (status === 0) return 'unreachable'
  if (status === 502 || status === 504) return 'no instance'
  // The counter's own answer names its request; a load balancer that finds no instance says 503 too.
  if (status === 503) return (body as { requestId?: unknown }).requestId ? 'no Redis' : 'no instance'
  return undefined
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

// Not crypto.randomUUID: browsers have it only with TLS or on localhost.
function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
