// Times in which requests failed, and times in which nothing was heard.

/** A time in which something failed, in ms from the start of the drill. */
export interface Outage {
  from: number
  /** The last failure. */
  to: number
  /** The first success after it; undefined when none came. */
  recovered: number | undefined
  failures: number
}

/** Groups failures into outages: one is over when nothing has failed for `quietMs` after a success. */
export class Outages {
  readonly all: Outage[] = []
  readonly #quietMs: number
  readonly #limit: number

  constructor(quietMs = 1000, limit = 200) {
    this.#quietMs = quietMs
    this.#limit = limit
  }

  failed(at: number): void {
    const last = this.all.at(-1)
    const goesOn =
      last &&
      (last.recovered === undefined || at - last.to < this.#quietMs || this.all.length === this.#limit)
    if (!goesOn) {
      this.all.push({ from: at, to: at, recovered: undefined, failures: 1 })
      return
    }
    last.to = at
    last.recovered = undefined
    last.failures++
  }

  succeeded(at: number): void {
    const last = this.all.at(-1)
    if (last) last.recovered ??= at
  }
}

/** A time in which nothing was heard, in ms from the start of the drill. */
export interface Silence {
  from: number
  to: number
  /** The load ended before anything was heard again. */
  open?: true
}

const LEAST_HEARD = 3

/** Finds the times in which something that answers steadily did not: longer than 1 s and than ten usual gaps. */
export class Silences {
  readonly all: Silence[] = []
  #first: number | undefined
  #last = 0
  #heard = 0

  heard(at: number): void {
    if (this.#isSilence(at)) this.all.push({ from: this.#last, to: at })
    this.#first ??= at
    this.#last = at
    this.#heard++
  }

  /** Closes the record; `at` is when the load ended. */
  end(at: number): void {
    if (this.#isSilence(at)) this.all.push({ from: this.#last, to: at, open: true })
  }

  #isSilence(at: number): boolean {
    if (this.#first === undefined || this.#heard < LEAST_HEARD || this.all.length >= 100) return false
    const usual = (this.#last - this.#first) / this.#heard
    return at - this.#last > Math.max(1000, 10 * usual)
  }
}
