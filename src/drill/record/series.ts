// What happened in each second of the load.

/** One second of the load; `second` counts from its start. */
export interface SeriesRow {
  second: number
  /** Visits acknowledged. */
  acknowledged: number
  /** Requests that failed. */
  failed: number
  anomalies: number
  /** 99th percentile of the latency in ms; null if no visit was acknowledged. */
  p99: number | null
  instances: Record<string, { acknowledged: number; p99: number }>
}

interface Second {
  failed: number
  anomalies: number
  all: number[]
  byInstance: Map<string, number[]>
}

const MOST_ROWS = 21_600

/** A row for each second, up to six hours. Only the current second keeps its latencies. */
export class Series {
  readonly rows: SeriesRow[] = []
  #second = 0
  #now: Second = emptySecond()

  answered(at: number, ms: number, instance: string | undefined): void {
    const now = this.#at(at)
    now.all.push(ms)
    if (instance === undefined) return
    const known = now.byInstance.get(instance)
    if (known) known.push(ms)
    else now.byInstance.set(instance, [ms])
  }

  failed(at: number): void {
    this.#at(at).failed++
  }

  anomaly(at: number, count: number): void {
    this.#at(at).anomalies += count
  }

  /** Closes the record; `at` is when the load ended. */
  end(at: number): void {
    this.#at(at)
    if (this.#now.all.length > 0 || this.#now.failed > 0) this.#close()
  }

  #at(at: number): Second {
    const second = Math.floor(at / 1000)
    while (this.#second < second) this.#close()
    return this.#now
  }

  #close(): void {
    const { failed, anomalies, all, byInstance } = this.#now
    if (this.rows.length < MOST_ROWS) {
      this.rows.push({
        second: this.#second,
        acknowledged: all.length,
        failed,
        anomalies,
        p99: all.length > 0 ? p99Of(all) : null,
        instances: Object.fromEntries(
          [...byInstance].map(([id, times]) => [id, { acknowledged: times.length, p99: p99Of(times) }]),
        ),
      })
    }
    this.#second++
    this.#now = emptySecond()
  }
}

function emptySecond(): Second {
  return { failed: 0, anomalies: 0, all: [], byInstance: new Map() }
}

function p99Of(times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.99) - 1)] ?? 0
  return Math.round(value * 10) / 10
}
