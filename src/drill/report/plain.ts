// Progress as lines for a log.
import { ANOMALIES, anomalyWords } from '../books/anomaly.js'
import type { Live } from '../drill.js'
import { Meter } from './screen.js'
import { clock, duration } from './words.js'

/** One line of progress at a time, for a log. */
export class PlainProgress {
  readonly #meter = new Meter()

  line(live: Live): string {
    const { journal } = live
    const { perSecond, instances } = this.#meter.read(live)
    const anomalies = ANOMALIES.filter((anomaly) => journal.anomalies[anomaly] > 0)
      .map((anomaly) => `, ${anomalyWords(anomaly, journal.anomalies[anomaly])}`)
      .join('')
    const { acknowledged, failed } = journal.counts
    const latency = journal.latency.summary()
    const p99 = latency ? `, p99 ${duration(latency.p99)}` : ''
    return `${clock(journal.now())}  ${live.phase()}: ${acknowledged} visits, ${Math.round(perSecond)}/s from ${instances.length} instances, ${failed} failed${p99}${anomalies}`
  }
}
