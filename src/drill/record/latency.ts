// Latencies of all visits, counted from when each was due.
import { createHistogram } from 'node:perf_hooks'

export interface LatencySummary {
  p50: number
  p90: number
  p99: number
  max: number
}

const MOST_MISSED = 10_000

/**
 * Latencies in ms, kept in microseconds to three figures. It is Gil Tene's HDR histogram in its C version, which
 * comes with Node: no package to install.
 */
export class Latency {
  readonly #histogram = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 })

  /**
   * A browser that waits sends nothing: the visits that it would have sent in the meantime are recorded, too, each
   * with the time from when it was due (HdrHistogram's correction of coordinated omission).
   * @param usualMs how long the browser's visits usually lie apart; 0 if that is not known yet
   */
  record(ms: number, usualMs = 0): void {
    this.#add(ms)
    if (usualMs <= 0) return
    const step = Math.max(usualMs, ms / MOST_MISSED)
    for (let missed = ms - step; missed >= step; missed -= step) this.#add(missed)
  }

  reset(): void {
    this.#histogram.reset()
  }

  summary(): LatencySummary | undefined {
    if (this.#histogram.count === 0) return undefined
    const at = (percent: number) => this.#histogram.percentile(percent) / 1000
    return { p50: at(50), p90: at(90), p99: at(99), max: this.#histogram.max / 1000 }
  }

  #add(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)))
  }
}
