// Progress as a live screen in a terminal.
import { ANOMALIES, anomalyWords, grouped } from '../books/anomaly.js'
import type { Live } from '../drill.js'
import { clock, duration } from './words.js'

/** What the screen needs of a terminal. */
interface Terminal {
  write(text: string): unknown
  columns?: number
  rows?: number
}

/** @returns a bar of `width` cells, filled to `part` (0 to 1) */
function bar(part: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, part)) * width)
  return '█'.repeat(filled) + '░'.repeat(Math.max(0, width - filled))
}

/** What has been visited between two looks. */
export class Meter {
  #at = 0
  #visits = 0
  readonly #byInstance = new Map<string, number>()

  /** @returns visits a second since the last look, over all and for each instance that answered */
  read({ journal }: Live): { perSecond: number; instances: [id: string, perSecond: number][] } {
    const at = journal.now()
    const seconds = Math.max(0.001, (at - this.#at) / 1000)
    const perSecond = (journal.counts.acknowledged - this.#visits) / seconds
    this.#at = at
    this.#visits = journal.counts.acknowledged
    const instances: [string, number][] = []
    for (const [id, { visits }] of journal.instances) {
      const since = visits - (this.#byInstance.get(id) ?? 0)
      this.#byInstance.set(id, visits)
      if (since > 0) instances.push([id, since / seconds])
    }
    return { perSecond, instances: instances.sort(([a], [b]) => (a < b ? -1 : 1)) }
  }
}

/** @returns the lines of the live screen, none wider than `columns` */
export function frame(live: Live, meter: Meter, columns: number, rows: number): string[] {
  const { journal, plan } = live
  const { perSecond, instances } = meter.read(live)
  const at = journal.now()
  const latency = journal.latency.summary()
  const anomalies = ANOMALIES.filter((anomaly) => journal.anomalies[anomaly] > 0)
    .map((anomaly) => anomalyWords(anomaly, journal.anomalies[anomaly]))
    .join(', ')
  const failures = [...journal.failures].map(([reason, times]) => `${reason} ${grouped(times)}`).join(', ')
  const most = Math.max(1, ...instances.map(([, rate]) => rate))
  const wide = Math.max(4, Math.min(40, columns - 50))
  // With scenarios the load lasts as long as they do.
  const whole = plan.durationMs
  const progress = whole > 0 ? `${clock(at)} of ${clock(whole)}  ${bar(at / whole, wide)}` : clock(at)
  const head = [
    `${plan.url.href}  ${progress}  ${live.phase()}`,
    `visits     ${grouped(journal.counts.acknowledged)}, ${grouped(Math.round(perSecond))}/s`,
    `failed     ${grouped(journal.counts.failed)}${failures ? `  (requests: ${failures})` : ''}`,
    `anomalies  ${anomalies || 'none'}`,
    `latency    ${latency ? `p50 ${duration(latency.p50)}  p99 ${duration(latency.p99)}  max ${duration(latency.max)}` : '…'}`,
    'instances',
    ...instances
      .slice(0, Math.max(1, rows - 12))
      .map(
        ([id, rate]) =>
          `  ${id.slice(-28).padEnd(28)} ${bar(rate / most, wide)} ${grouped(Math.round(rate))}/s`,
      ),
    'events',
  ]
  const events = journal.events
    .slice(-Math.max(1, Math.min(8, rows - head.length - 1)))
    .map((event) => `  ${clock(event.at)}  ${event.text}`)
  return [...head, ...events].map((line) => [...line].slice(0, columns).join(''))
}

/** Draws the frame over the last one, twice a second: nothing scrolls. */
export class Screen {
  readonly #terminal: Terminal
  readonly #meter = new Meter()
  #drawn = 0
  #columns = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  draw(live: Live): void {
    const { columns = 80, rows = 24 } = this.#terminal
    const lines = frame(live, this.#meter, columns, rows)
    // A narrower window has wrapped the old lines: where they are is unknown, so start on a clean screen.
    const back = columns === this.#columns ? (this.#drawn > 0 ? `\x1b[${this.#drawn}F` : '') : '\x1b[H\x1b[2J'
    this.#terminal.write(`${this.#columns === 0 ? '' : back}\x1b[0J${lines.join('\n')}\n`)
    this.#drawn = lines.length
    this.#columns = columns
  }
}
