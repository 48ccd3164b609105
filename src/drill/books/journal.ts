import { Latency } from './latency.js'
import { Outages, Silences } from './outages.js'
import type { Finding } from './session-book.js'

export type Fault = Finding['kind'] | 'resurrected' | 'unread'

/** Times are ms from the start of the drill. */
export interface Acknowledged {
  at: number
  number: number
  instance: string | undefined
}

/** One fault: which browser's session, what the answer said, and what had been acknowledged before. */
export interface FaultRecord extends Partial<Acknowledged> {
  at: number
  fault: Fault
  count: number
  browser: number
  before?: Acknowledged
}

export interface JournalEvent {
  at: number
  text: string
}

interface InstanceRecord {
  firstAt: number
  lastAt: number
  visits: number
  failed: number
  silences: Silences
}

const FAULTS_KEPT = 500
const EVENTS_KEPT = 500

/** What happened to all browsers together, in room that does not grow with time. */
export class Journal {
  attempted = 0
  acknowledged = 0
  failed = 0
  /** Visits that were acknowledged only when repeated. */
  repeated = 0
  requests = 0
  longestWait: { at: number; ms: number } | undefined
  readonly failures = new Map<string, number>()
  readonly faults = new Map<Fault, number>()
  readonly faultRecords: FaultRecord[] = []
  readonly instances = new Map<string, InstanceRecord>()
  readonly events: JournalEvent[] = []
  readonly latency = new Latency()
  readonly outages = new Outages()
  readonly silences = new Silences()
  readonly #started = performance.now()
  readonly #listeners: ((event: JournalEvent) => void)[] = []
  #waitSince = { at: 0, ms: 0 }

  /** @returns ms since the drill began */
  now(): number {
    return performance.now() - this.#started
  }

  onEvent(listener: (event: JournalEvent) => void): void {
    this.#listeners.push(listener)
  }

  event(text: string): void {
    const event = { at: this.now(), text }
    if (this.events.length < EVENTS_KEPT) this.events.push(event)
    for (const listener of this.#listeners) listener(event)
  }

  answered(ms: number, instance: string | undefined): void {
    const at = this.now()
    this.acknowledged++
    this.latency.record(ms)
    this.#waited(at, ms)
    this.outages.succeeded(at)
    this.silences.heard(at)
    if (instance === undefined) return
    const record = this.#instance(instance, at)
    record.visits++
    record.lastAt = at
    record.silences.heard(at)
  }

  /** One request failed; the visit may still be repeated. */
  requestFailed(reason: string, instance: string | undefined): void {
    const at = this.now()
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1)
    this.outages.failed(at)
    if (instance !== undefined) this.#instance(instance, at).failed++
  }

  /** The visit was given up. */
  visitFailed(ms: number): void {
    this.failed++
    this.#waited(this.now(), ms)
  }

  fault(record: FaultRecord): void {
    this.faults.set(record.fault, this.faultCount(record.fault) + record.count)
    if (this.faultRecords.length < FAULTS_KEPT) this.faultRecords.push(record)
  }

  faultCount(fault: Fault): number {
    return this.faults.get(fault) ?? 0
  }

  /** @returns the longest wait since the last call, in ms */
  takeLongestWait(): number {
    const { ms } = this.#waitSince
    this.#waitSince = { at: 0, ms: 0 }
    return ms
  }

  #waited(at: number, ms: number): void {
    if (ms > (this.longestWait?.ms ?? 0)) this.longestWait = { at, ms }
    if (ms > this.#waitSince.ms) this.#waitSince = { at, ms }
  }

  #instance(id: string, at: number): InstanceRecord {
    let record = this.instances.get(id)
    if (!record) {
      record = { firstAt: at, lastAt: at, visits: 0, failed: 0, silences: new Silences() }
      // A server that names a new instance with each answer must not fill the memory.
      if (this.instances.size < 1000) this.instances.set(id, record)
    }
    return record
  }
}
