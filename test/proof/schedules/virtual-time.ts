import { Random } from '../random.js'

interface Timer {
  readonly due: number
  readonly run: () => void
}

const real = { setTimeout, clearTimeout, now: performance.now, random: Math.random }

/** Timers and a clock that go on only when they are told to, and chance without chance, in the place of what a store under test uses. */
export class VirtualTime {
  #now = 1_000
  #timers: Timer[] = []

  /** Takes the place of the real ones, for all code of this process, until `restore`. */
  install(): void {
    const set = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const timer = { due: this.#now + Math.max(0, ms), run: () => run(...args), unref: () => timer }
      this.#timers.push(timer)
      this.#timers.sort((a, b) => a.due - b.due)
      return timer
    }
    const clear = (timer: unknown) => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear })
    performance.now = () => this.#now
    const random = new Random(1)
    Math.random = () => random.next()
  }

  restore(): void {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout })
    performance.now = real.now
    Math.random = real.random
  }

  get isWaiting(): boolean {
    return this.#timers.length > 0
  }

  /** Goes on to the timer that is due next, and runs it. */
  advance(): void {
    const next = this.#timers.shift()
    if (!next) return
    this.#now = Math.max(this.#now, next.due)
    next.run()
  }
}
