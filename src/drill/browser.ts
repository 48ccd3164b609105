// One browser: it keeps its session, visits, and keeps the books of its session.
import { randomUUID } from 'node:crypto'
import type { Finding } from './books/session-book.js'
import { type Attempt, SessionBook } from './books/session-book.js'
import { CouldNotRun } from './could-not-run.js'
import { mayPass, RequestFailed, reasonOf } from './http/failure.js'
import { isAnotherSession } from './http/jar.js'
import { type AppSession, LoggedOut, type Route, type Visited } from './journey/app-session.js'
import type { Pace } from './pace.js'
import type { Acknowledged, Journal } from './record/journal.js'

export interface BrowserOptions {
  /** Name of the session cookie, if it is known. */
  sessionCookie: string | undefined
  /** Whether a visit without an answer is sent again under its Idempotency-Key. */
  retry: boolean
  /** How long one visit, or the reading of a session, is tried, in ms. */
  patienceMs: number
  /** The number that a new session's first visit gets. */
  first: number
}

const LOOKS_AT_NOTHING = 3
const EXPIRED = 'its cookie had expired'
// Before that many visits it is not known how long they usually lie apart.
const USUAL_FROM = 10

export class Browser {
  readonly index: number
  readonly book: SessionBook
  readonly #session: AppSession
  readonly #route: Route
  readonly #options: BrowserOptions
  readonly #journal: Journal
  readonly #pace: Pace
  #last: Acknowledged | undefined
  #hasSession = false
  /** An answer said that the session is gone: the next visit goes alone and shows whether it is. */
  #suspect = false
  #refused: Attempt | undefined
  #underWay = 0
  #rounds = 0
  #roundsMs = 0

  constructor(
    index: number,
    session: AppSession,
    route: Route,
    journal: Journal,
    pace: Pace,
    options: BrowserOptions,
  ) {
    this.index = index
    this.book = new SessionBook(options.first)
    this.#session = session
    this.#route = route
    this.#journal = journal
    this.#pace = pace
    this.#options = options
  }

  /** Whether it has a session: its visits may go in parallel from then on. A cookie that has expired ends it. */
  hasSession(): boolean {
    const { sessionCookie } = this.#options
    if (this.#hasSession && sessionCookie !== undefined && isOver(this.#cookieEnd)) {
      this.#journal.sessionUnread(this.index, EXPIRED)
      this.book.ended()
      this.#session.forget()
      this.#session.visitor.dropCookie(sessionCookie)
      this.#hasSession = false
      this.#last = undefined
    }
    return this.#hasSession && !this.#suspect
  }

  /**
   * Sends that many visits at once.
   * @param due when they were due, on the clock of performance.now()
   * @returns whether all were acknowledged
   */
  async visitAtOnce(count: number, due: number): Promise<boolean> {
    const usualMs = this.#rounds < USUAL_FROM ? 0 : this.#roundsMs / this.#rounds
    // While they waited for their turn, the session may have ended with its cookie.
    const length = this.hasSession() ? count : 1
    const wasSuspect = this.#suspect
    this.#refused = undefined
    const outcomes = await Promise.all(Array.from({ length }, () => this.#visit(due, usualMs)))
    this.#suspect = this.#refused !== undefined || (wasSuspect && !outcomes.some(Boolean))
    // One refusal alone may be about a token that another visit of the burst has used up.
    if (this.#refused && wasSuspect) this.#lostSession(this.#refused)
    return outcomes.every(Boolean)
  }

  /** Notes how long a round took: its visits and the pause after them. */
  roundTook(ms: number): void {
    this.#rounds++
    this.#roundsMs += ms
  }

  /**
   * Reads how many visits the session holds and closes the books with it.
   * @returns the count, or undefined when it could not be read in time
   */
  async settle(): Promise<number | undefined> {
    const until = performance.now() + this.#options.patienceMs
    for (let gone = 0; ; ) {
      try {
        const end = this.#cookieEnd
        const found = await this.#storedCount()
        // A proxy that has lost its way for a moment says 404, too.
        if (found === undefined && ++gone < LOOKS_AT_NOTHING && !this.#pace.abandoned) {
          await this.#pace.pause(300)
          continue
        }
        const stored = found ?? 0
        if (isOver(end)) {
          this.#journal.sessionUnread(this.index, EXPIRED)
          return undefined
        }
        this.#note(this.book.settle(stored), { at: this.#journal.now(), number: stored })
        return stored
      } catch (error) {
        if (error instanceof CouldNotRun) throw error
        if (performance.now() > until || this.#pace.abandoned) {
          this.#journal.sessionUnread(this.index, reasonOf(error))
          return undefined
        }
        await this.#pace.pause(200)
      }
    }
  }

  get #cookieEnd(): number {
    const { sessionCookie } = this.#options
    if (!this.#hasSession || sessionCookie === undefined) return Number.POSITIVE_INFINITY
    return this.#session.visitor.cookieEnd(sessionCookie)
  }

  async #visit(due: number, usualMs: number): Promise<boolean> {
    const { retry, patienceMs } = this.#options
    const attempt = this.book.attempt()
    this.#journal.visitAttempted(this.#underWay++ > 0)
    const key: Record<string, string> = retry ? { 'idempotency-key': randomUUID() } : {}
    try {
      for (let failures = 0; ; failures++) {
        try {
          await this.#visitOnce(attempt, key, due, usualMs, failures === 0)
          if (failures > 0) this.#journal.visitRetried()
          return true
        } catch (error) {
          if (error instanceof CouldNotRun) throw error
          const reason = reasonOf(error)
          this.#journal.requestFailed(reason, error instanceof RequestFailed ? error.instance : undefined)
          if (error instanceof LoggedOut && this.book.isCurrent(attempt)) this.#refused = attempt
          const waited = performance.now() - due
          const over = waited > patienceMs || this.#pace.abandoned || isOver(this.#cookieEnd)
          const final = over || error instanceof LoggedOut
          if (!retry || !mayPass(reason) || final) {
            this.#journal.visitFailed(waited)
            return false
          }
          await this.#pace.pause(200)
          this.book.retry(attempt)
        }
      }
    } finally {
      this.#underWay--
    }
  }

  async #visitOnce(
    attempt: Attempt,
    key: Record<string, string>,
    due: number,
    usualMs: number,
    hadTurn: boolean,
  ): Promise<void> {
    const { sessionCookie } = this.#options
    const { visitor } = this.#session
    const sent = sessionCookie === undefined ? '' : visitor.cookie(sessionCookie, this.#route.visitPath)
    const keepsCookies = () => this.book.isCurrent(attempt)
    const fits = (number: number) => this.book.isPossible(attempt, number)
    const visited = await this.#session.visit(key, { hadTurn, keepsCookies }, fits)
    const { number, instance, readAfterwards } = visited

    const changed =
      instance !== undefined && this.#last?.instance !== undefined && instance !== this.#last.instance
    this.#journal.answered(performance.now() - due, usualMs, instance, changed)
    if (!fits(number)) throw notACount(visited, this.book, this.#route)
    const given = sessionCookie === undefined ? undefined : visited.answer.cookies.get(sessionCookie)
    const newSession = given !== undefined && sent !== '' && isAnotherSession(sent, given)
    const now = { at: this.#journal.now(), number, instance }
    this.#note(this.book.acknowledge(attempt, number, { newSession, readAfterwards }), now)
    this.#last = now
    if (this.book.isCurrent(attempt)) this.#hasSession = true
  }

  #lostSession(attempt: Attempt): void {
    if (!this.book.isCurrent(attempt)) return
    this.#note(this.book.gone(attempt), { at: this.#journal.now() })
    this.#session.forget()
    this.#hasSession = false
    this.#suspect = false
  }

  #note(findings: readonly Finding[], now: Partial<Acknowledged> & { at: number }): void {
    const before = this.#last && { before: this.#last }
    for (const finding of findings)
      this.#journal.anomaly({ ...now, ...finding, browser: this.index, ...before })
  }

  /** @returns how many visits the session holds; undefined if there is no such session */
  async #storedCount(): Promise<number | undefined> {
    const { first } = this.#options
    if (!this.#last) return 0
    if (this.#route.journey.read) {
      const number = await this.#session.read((one) => this.book.isRight(one - first + 1))
      return number === undefined ? undefined : Math.max(0, number - first + 1)
    }
    // No way to look without counting: one visit more tells how many there were. Unanswered, it may have counted.
    try {
      const { number } = await this.#session.visit({}, {}, (one) => this.book.isRight(one - first))
      return Math.max(0, number - first)
    } catch (error) {
      if (error instanceof LoggedOut) return undefined
      this.book.attempted++
      throw error
    }
  }
}

/** A little early, so that no visit sets out with a cookie that is dropped on its way. */
function isOver(end: number): boolean {
  return end - 50 <= Date.now()
}

function notACount({ number, answer }: Visited, book: SessionBook, route: Route): CouldNotRun {
  return new CouldNotRun(
    `the answer to one of a browser's ${book.attempted} visits says ${number}, which no such session can count: --number must point at the count of the session, and each browser must get a session of its own. The text that was read: ${route.excerpt(answer.body)}`,
  )
}
