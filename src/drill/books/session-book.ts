// The books of one session: what was sent and answered, and what therefore cannot be so.
import type { Anomaly } from './anomaly.js'
import { NumberSet } from './number-set.js'

/** What a visit knew of its session when it was sent. */
export interface Attempt {
  /** Which of the browser's sessions it was sent to: a reset begins the next one. */
  session: number
  /** The highest number that had been acknowledged. */
  floor: number
  /** How many visits this session had acknowledged. */
  acknowledged: number
}

/** What an acknowledged number proves. `count` is how many more visits are now known to be affected. */
export interface Finding {
  anomaly: Anomaly
  count: number
}

export interface Answered {
  /** The answer gave the browser another session than the one that it had sent. */
  newSession?: boolean
  /**
   * The number was read by a request after the visit, so an overlapping visit may show the same one: it is not
   * judged as a duplicate.
   */
  readAfterwards?: boolean
}

/**
 * The books of one browser's session. Pure: it is told what was sent, answered and finally stored, and says what
 * cannot be so. The bound is that of a counter under test in Jepsen: acknowledged ≤ stored ≤ attempted. A visit
 * without an answer may have been counted or not, so neither is an anomaly. It never accuses wrongly: each
 * finding follows from answers that no correct server can give.
 */
export class SessionBook {
  attempted = 0
  acknowledged = 0
  readonly #first: number
  #session = 0
  #floor: number
  #attemptedHere = 0
  #sentHere = 0
  #acknowledgedHere = 0
  #seen = new NumberSet()
  #lost = 0
  #doubleCounted = 0
  /** Of sessions that ended as they should: nobody can say what they held. */
  #ended = { attempted: 0, acknowledged: 0 }

  /** @param first the number that a new session's first visit gets */
  constructor(first = 1) {
    this.#first = first
    this.#floor = first - 1
  }

  /** Notes that a visit is being sent. */
  attempt(): Attempt {
    this.attempted++
    this.#attemptedHere++
    this.#sentHere++
    return { session: this.#session, floor: this.#floor, acknowledged: this.#acknowledgedHere }
  }

  /** Notes that the visit is being sent again, under the same key: it may still count only once. */
  retry(attempt: Attempt): void {
    this.#sentHere++
    if (attempt.session === this.#session) return
    this.#attemptedHere++
    attempt.session = this.#session
    attempt.floor = this.#floor
    attempt.acknowledged = this.#acknowledgedHere
  }

  /** @returns whether the visit was sent to the session that the browser still has */
  isCurrent(attempt: Attempt): boolean {
    return attempt.session === this.#session
  }

  /**
   * @returns whether any history of this session, right or wrong, can show this number: one below a session's
   * first, or far more than twice what was sent, is something else than its count
   */
  isPossible(attempt: Attempt, number: number): boolean {
    if (!this.isCurrent(attempt)) return true
    return number >= this.#first && number - this.#first + 1 <= 2 * this.#sentHere + 10
  }

  /** @returns whether a session that holds that many visits has lost none and counted none twice */
  isRight(stored: number): boolean {
    const { attempted, acknowledged } = this.#ended
    return stored >= this.acknowledged - acknowledged && stored <= this.attempted - attempted
  }

  /** Notes that the visit was answered with `number`, and judges it. */
  acknowledge(attempt: Attempt, number: number, answered: Answered = {}): Finding[] {
    this.acknowledged++
    // A late answer from a session that the browser has lost since: its number says nothing about the new one.
    if (!this.isCurrent(attempt)) return []

    const restarted = number === this.#first && attempt.floor >= this.#first
    if (restarted || (answered.newSession && number <= attempt.floor)) return [this.#reset(number)]

    this.#acknowledgedHere++
    const findings: Finding[] = []
    if (number <= attempt.floor) findings.push({ anomaly: 'wentBack', count: 1 })
    if (!answered.readAfterwards && !this.#seen.add(number))
      findings.push({ anomaly: 'duplicateNumber', count: 1 })
    this.#floor = Math.max(this.#floor, number)

    // All that was acknowledged before this visit was sent must be below its number …
    const below = Math.max(0, number - this.#first)
    findings.push(...this.#lostNow(attempt.acknowledged - below))
    // … and nothing but visits that were sent can be.
    findings.push(...this.#doubleCountedNow(number - this.#first + 1 - this.#attemptedHere))
    return findings
  }

  /**
   * Notes that the session is gone, though nobody destroyed it: the app asks for a new login. The next visit begins
   * a session.
   */
  gone(attempt: Attempt): Finding[] {
    if (!this.isCurrent(attempt) || this.#acknowledgedHere === 0) return []
    this.#begin()
    return [{ anomaly: 'reset', count: 1 }]
  }

  /** Notes that the session ended as it should, such as with its cookie. Nothing may be under way. */
  ended(): void {
    const { attempted, acknowledged } = this
    this.#ended = { attempted, acknowledged }
    this.#lost = 0
    this.#doubleCounted = 0
    this.#begin()
  }

  /**
   * Closes the books.
   * @param stored how many visits the session holds at the end; 0 when it is gone
   * @returns what became known only now
   */
  settle(stored: number): Finding[] {
    return [
      ...this.#lostNow(this.acknowledged - this.#ended.acknowledged - Math.max(0, stored)),
      ...this.#doubleCountedNow(stored - (this.attempted - this.#ended.attempted)),
    ]
  }

  #lostNow(missing: number): Finding[] {
    const more = missing - this.#lost
    if (more <= 0) return []
    this.#lost = missing
    return [{ anomaly: 'lost', count: more }]
  }

  #doubleCountedNow(surplus: number): Finding[] {
    const more = surplus - this.#doubleCounted
    if (more <= 0) return []
    this.#doubleCounted = surplus
    return [{ anomaly: 'doubleCounted', count: more }]
  }

  #reset(number: number): Finding {
    this.#begin()
    this.#attemptedHere = 1
    this.#sentHere = 1
    this.#acknowledgedHere = 1
    this.#floor = number
    this.#seen.add(number)
    return { anomaly: 'reset', count: 1 }
  }

  #begin(): void {
    this.#session++
    this.#attemptedHere = 0
    this.#sentHere = 0
    this.#acknowledgedHere = 0
    this.#floor = this.#first - 1
    this.#seen = new NumberSet()
  }
}
