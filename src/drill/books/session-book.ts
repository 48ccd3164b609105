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

/** What an acknowledged number gives away. `count` is how many more visits are now known to be affected. */
export interface Finding {
  kind: 'lost' | 'counted twice' | 'seen twice' | 'went back' | 'reset'
  count: number
}

/**
 * The books of one browser's session. Pure: it is told what was sent, answered and finally stored, and says what
 * cannot be so. The bound is that of a counter under test in Jepsen: acknowledged ≤ stored ≤ attempted. A visit
 * without an answer may have been counted or not, so neither counts as a fault. It never accuses wrongly: each
 * finding follows from answers that no correct server can give.
 */
export class SessionBook {
  attempted = 0
  acknowledged = 0
  readonly #first: number
  #session = 0
  #floor: number
  #attemptedHere = 0
  #acknowledgedHere = 0
  #seen = new NumberSet()
  #lost = 0
  #countedTwice = 0

  /** @param first the number that a new session's first visit gets */
  constructor(first = 1) {
    this.#first = first
    this.#floor = first - 1
  }

  /** Notes that a visit is being sent. */
  attempt(): Attempt {
    this.attempted++
    this.#attemptedHere++
    return { session: this.#session, floor: this.#floor, acknowledged: this.#acknowledgedHere }
  }

  /** Notes that the visit is being sent again, under the same key: it may still count once only. */
  repeat(attempt: Attempt): void {
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
   * Notes that the visit was answered with `number`, and judges it.
   * @param newSession whether the answer gave the browser another session than the one it had sent
   */
  acknowledge(attempt: Attempt, number: number, newSession = false): Finding[] {
    this.acknowledged++
    // A late answer from a session that the browser has lost since: its number tells nothing about the new one.
    if (!this.isCurrent(attempt)) return []

    const restarted = number === this.#first && attempt.floor >= this.#first
    if (restarted || (newSession && number <= attempt.floor)) return [this.#reset(number)]

    this.#acknowledgedHere++
    const findings: Finding[] = []
    if (number <= attempt.floor) findings.push({ kind: 'went back', count: 1 })
    if (!this.#seen.add(number)) findings.push({ kind: 'seen twice', count: 1 })
    this.#floor = Math.max(this.#floor, number)

    // All that was acknowledged before this visit was sent must be below its number …
    const missing = attempt.acknowledged + this.#first - number - this.#lost
    if (missing > 0) {
      this.#lost += missing
      findings.push({ kind: 'lost', count: missing })
    }
    // … and nothing but visits that were sent can be.
    const surplus = number - this.#first + 1 - this.#attemptedHere - this.#countedTwice
    if (surplus > 0) {
      this.#countedTwice += surplus
      findings.push({ kind: 'counted twice', count: surplus })
    }
    return findings
  }

  /**
   * Closes the books.
   * @param stored how many visits the session holds at the end; 0 when it is gone
   * @returns what became known only now
   */
  settle(stored: number): Finding[] {
    const findings: Finding[] = []
    const missing = this.acknowledged - stored - this.#lost
    if (missing > 0) findings.push({ kind: 'lost', count: missing })
    const surplus = stored - this.attempted - this.#countedTwice
    if (surplus > 0) findings.push({ kind: 'counted twice', count: surplus })
    return findings
  }

  #reset(number: number): Finding {
    this.#session++
    this.#attemptedHere = 1
    this.#acknowledgedHere = 1
    this.#floor = number
    this.#seen = new NumberSet()
    this.#seen.add(number)
    return { kind: 'reset', count: 1 }
  }
}
