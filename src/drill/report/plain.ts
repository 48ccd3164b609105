import type { Live } from '../drill.js'
import { Meter } from './screen.js'
import { clock, duration } from './words.js'

/** One line of progress at a time, for a log. */
export class PlainProgress {
  readonly #meter = new Meter()

  line(live: Live): string {
    const { journal } = live
    const { perSecond, instances } = this.#meter.read(live)
    const faults = [...journal.faults].map(([fault, times]) => `, ${fault} ${times}`).join('')
    const latency = journal.latency.summary()
    const p99 = latency ? `, p99 ${duration(latency.p99)}` : ''
    return `${clock(journal.now())}  ${live.phase()}: ${journal.acknowledged} visits, ${Math.round(perSecond)}/s from ${instances.length} instances, ${journal.failed} failed${p99}${faults}`
  }
}
