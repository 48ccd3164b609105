// When the browsers act.
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** @returns numbers from 0 up to 1, the same ones for the same seed (mulberry32, Tommy Ettinger) */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Pauses with jitter, a rate over all requests, and the end of the load. */
export class Pace {
  readonly #random: () => number
  readonly #gapMs: number
  #visitsLeft: number
  readonly #stop = new AbortController()
  readonly #cancel = new AbortController()
  readonly #abandon = new AbortController()
  #nextSlot = 0

  /**
   * @param rate requests a second at most, over all browsers; 0 for no limit
   * @param visits after which the load ends
   */
  constructor(seed: number, rate = 0, visits = Number.POSITIVE_INFINITY) {
    this.#visitsLeft = visits
    this.#random = seededRandom(seed)
    this.#gapMs = rate > 0 ? 1000 / rate : 0
    setMaxListeners(0, this.#stop.signal, this.#cancel.signal, this.#abandon.signal)
  }

  /** No new visits, and none that still waits for its turn. */
  stop(): void {
    this.#stop.abort()
    this.#cancel.abort()
  }

  /** No repeats either: what is under way ends with its next failure. */
  abandon(): void {
    this.stop()
    this.#abandon.abort()
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** Whether visits that wait for their turn are not to be sent either. */
  get cancelled(): boolean {
    return this.#cancel.signal.aborted
  }

  get abandoned(): boolean {
    return this.#abandon.signal.aborted
  }

  /** Waits between half and one and a half times `ms`, or until the drill is abandoned. */
  async pause(ms: number): Promise<void> {
    await this.#sleep(ms * (0.5 + this.#random()), this.#abandon.signal)
  }

  /** As pause, but the end of the load ends it too. */
  async think(ms: number): Promise<void> {
    if (ms > 0) await this.#sleep(ms * (0.5 + this.#random()), this.#stop.signal)
  }

  /** Waits `ms`, or until the load ends. */
  async wait(ms: number): Promise<void> {
    if (ms > 0) await this.#sleep(ms, this.#stop.signal)
  }

  /** Waits `ms`, or until visits that wait for their turn are not to be sent either. */
  async waitForTurns(ms: number): Promise<void> {
    if (ms > 0) await this.#sleep(ms, this.#cancel.signal)
  }

  /** Waits up to 3 ms: enough to vary the order in which requests arrive. */
  async moment(): Promise<void> {
    await this.#sleep(3 * this.#random(), this.#abandon.signal)
  }

  /**
   * Takes visits off those that are left; if there are none, no more are sent than have been taken.
   * @returns how many of `wanted` may be sent
   */
  take(wanted: number): number {
    const granted = Math.max(0, Math.min(wanted, this.#visitsLeft))
    this.#visitsLeft -= granted
    if (granted === 0) this.#stop.abort()
    return granted
  }

  /**
   * Waits until `requests` may be sent at once under the rate.
   * @returns when they were due, on the clock of performance.now()
   */
  async turn(requests = 1): Promise<number> {
    return this.#turn(requests, this.#abandon)
  }

  /** As turn, but stop() ends the wait. */
  async visitTurn(requests: number): Promise<number> {
    return this.#turn(requests, this.#cancel)
  }

  async #turn(requests: number, { signal }: AbortController): Promise<number> {
    const now = performance.now()
    if (this.#gapMs === 0) return now
    const slot = Math.max(now, this.#nextSlot)
    this.#nextSlot = slot + this.#gapMs * requests
    if (slot > now) await this.#sleep(slot - now, signal)
    return slot
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    // The rejection says only that the pause is over.
    await sleep(ms, undefined, { signal }).catch(() => {})
  }
}
