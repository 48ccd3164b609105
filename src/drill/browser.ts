import { randomUUID } from 'node:crypto'
import type { Adapter, Endpoint } from './adapter.js'
import type { Acknowledged, Journal } from './books/journal.js'
import { type Attempt, SessionBook } from './books/session-book.js'
import type { Answer, Connection } from './http/connection.js'
import { cookieFrom, isAnotherSession } from './http/cookie.js'
import { mayPass, RequestFailed, reasonOf } from './http/failure.js'
import type { Pace } from './pace.js'

interface BrowserOptions {
  adapter: Adapter
  cookieName: string
  /** Whether a visit without an answer is sent again under its Idempotency-Key. */
  retry: boolean
  /** How long one visit, or the reading of a session, is tried, in ms. */
  patienceMs: number
  first: number
}

/** One browser: it keeps its session cookie, visits, and keeps the books of its session. */
export class Browser {
  readonly index: number
  readonly book: SessionBook
  readonly connection: Connection
  readonly #options: BrowserOptions
  readonly #journal: Journal
  readonly #pace: Pace
  #cookie = ''
  #last: Acknowledged | undefined

  constructor(index: number, connection: Connection, journal: Journal, pace: Pace, options: BrowserOptions) {
    this.index = index
    this.book = new SessionBook(options.first)
    this.connection = connection
    this.#journal = journal
    this.#pace = pace
    this.#options = options
  }

  get cookie(): string {
    return this.#cookie
  }

  /** Visits once and judges the answer. @returns whether it was acknowledged */
  async visit(): Promise<boolean> {
    const { retry, patienceMs } = this.#options
    const attempt = this.book.attempt()
    const began = performance.now()
    this.#journal.attempted++
    const key = retry ? { 'idempotency-key': randomUUID() } : {}
    for (let failures = 0; ; failures++) {
      try {
        await this.#visitOnce(attempt, key, began)
        if (failures > 0) this.#journal.repeated++
        return true
      } catch (error) {
        const reason = reasonOf(error)
        this.#journal.requestFailed(reason, error instanceof RequestFailed ? error.instance : undefined)
        const waited = performance.now() - began
        if (!retry || !mayPass(reason) || waited > patienceMs || this.#pace.abandoned) {
          this.#journal.visitFailed(waited)
          return false
        }
        await this.#pace.pause(200)
        this.book.repeat(attempt)
      }
    }
  }

  /**
   * Reads how many visits the session holds and closes the books with it.
   * @returns the count, or undefined when it could not be read in time
   */
  async settle(): Promise<number | undefined> {
    const until = performance.now() + this.#options.patienceMs
    for (;;) {
      try {
        const stored = await this.#storedCount()
        for (const { kind, count } of this.book.settle(stored)) {
          const before = this.#last && { before: this.#last }
          this.#journal.fault({
            at: this.#journal.now(),
            fault: kind,
            count,
            browser: this.index,
            number: stored,
            ...before,
          })
        }
        return stored
      } catch (error) {
        if (performance.now() > until || this.#pace.abandoned) {
          this.#journal.fault({ at: this.#journal.now(), fault: 'unread', count: 1, browser: this.index })
          this.#journal.event(`browser ${this.index}: its session could not be read: ${reasonOf(error)}`)
          return undefined
        }
        await this.#pace.pause(200)
      }
    }
  }

  /** Sends a request with a given session cookie, as it stands: no books, no cookie kept. */
  async send(endpoint: Endpoint, cookie: string, headers: Record<string, string> = {}): Promise<Answer> {
    this.#journal.requests++
    return this.connection.send(endpoint.method, endpoint.path, {
      accept: this.#options.adapter.accept,
      ...(cookie && { cookie: `${this.#options.cookieName}=${cookie}` }),
      ...headers,
    })
  }

  /** @returns the number in the answer to a visit @throws RequestFailed */
  numberIn(answer: Answer): number {
    const { adapter } = this.#options
    const instance = adapter.instanceOf(answer)
    if (answer.status < 200 || answer.status > 299) throw new RequestFailed(`${answer.status}`, { instance })
    const number = adapter.numberOf(answer)
    if (number === undefined) throw new RequestFailed('wrong answer', { instance })
    return number
  }

  async #visitOnce(attempt: Attempt, key: Record<string, string>, began: number): Promise<void> {
    const sent = this.#cookie
    const answer = await this.send(this.#options.adapter.visit, sent, key)
    const given = cookieFrom(answer.setCookie, this.#options.cookieName)
    if (given !== undefined && this.book.isCurrent(attempt)) this.#cookie = given
    const number = this.numberIn(answer)

    const instance = this.#options.adapter.instanceOf(answer)
    this.#journal.answered(performance.now() - began, instance)
    const now = { at: this.#journal.now(), number, instance }
    const another = given !== undefined && sent !== '' && isAnotherSession(sent, given)
    for (const { kind, count } of this.book.acknowledge(attempt, number, another)) {
      const before = this.#last && { before: this.#last }
      this.#journal.fault({ ...now, fault: kind, count, browser: this.index, ...before })
    }
    this.#last = now
  }

  async #storedCount(): Promise<number> {
    if (this.#cookie === '') return 0
    const { adapter, first } = this.#options
    if (adapter.session) {
      const answer = await this.send(adapter.session, this.#cookie)
      return answer.status === 404 ? 0 : this.numberIn(answer)
    }
    // No way to look without counting: one visit more tells how many there were. Unanswered, it may have counted.
    try {
      return Math.max(0, this.numberIn(await this.send(adapter.visit, this.#cookie)) - first)
    } catch (error) {
      this.book.attempted++
      throw error
    }
  }
}
