import { createHistogram } from 'node:perf_hooks'

export interface LatencySummary {
  p50: number
  p90: number
  p99: number
  max: number
}

/**
 * Latencies in ms, kept in microseconds to three figures. It is Gil Tene's HDR histogram in its C version, which
 * Node brings along: no package to install.
 */
export class Latency {
  readonly #histogram = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 })

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)))
  }

  reset(): void {
    this.#histogram.reset()
  }

  summary(): LatencySummary | undefined {
    if (this.#histogram.count === 0) return undefined
    const at = (percent: number) => this.#histogram.percentile(percent) / 1000
    return { p50: at(50), p90: at(90), p99: at(99), max: this.#histogram.max / 1000 }
  }
}
