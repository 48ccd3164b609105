// The numbers that a session has shown, in bounded memory.
/**
 * The numbers that a browser has seen, in bounded room: visits are numbered in order, so neighbours share one
 * run, and an hour of them is one run. Only failures and anomalies leave gaps. Past `limit` runs the lowest is
 * forgotten; a number from there then passes as new, so that an anomaly may go unnoticed but none is invented.
 */
export class NumberSet {
  readonly #runs: { low: number; high: number }[] = []
  readonly #limit: number
  #forgotten = Number.NEGATIVE_INFINITY

  constructor(limit = 256) {
    this.#limit = limit
  }

  /** @returns whether the number is new; it is in the set afterwards. */
  add(number: number): boolean {
    if (number <= this.#forgotten) return true
    const runs = this.#runs
    let at = runs.length - 1
    let below = runs[at]
    while (below && below.low > number) below = runs[--at]
    if (below && number <= below.high) return false

    const above = runs[at + 1]
    const joinsAbove = above?.low === number + 1
    if (below && below.high === number - 1) {
      below.high = joinsAbove ? above.high : number
      if (joinsAbove) runs.splice(at + 1, 1)
    } else if (joinsAbove) {
      above.low = number
    } else {
      runs.splice(at + 1, 0, { low: number, high: number })
      if (runs.length > this.#limit) this.#forgotten = runs.shift()?.high ?? this.#forgotten
    }
    return true
  }
}
