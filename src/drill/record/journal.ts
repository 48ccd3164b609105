// What happened to all browsers together.
import type { Anomaly } from '../books/anomaly.js'
import { noAnomalies } from '../books/anomaly.js'
import { Latency } from './latency.js'
import { Outages, Silences } from './outages.js'
import { Series } from './series.js'

/** An acknowledged visit. Times are ms from the start of the drill. */
export interface Acknowledged {
  at: number
  number: number
  instance: string | undefined
}

/** One anomaly: which browser's session, what the answer said, and the last number that had been acknowledged before. */
export interface AnomalyRecord extends Partial<Acknowledged> {
  at: number
  anomaly: Anomaly
  count: number
  browser: number
  before?: Acknowledged
}

export interface JournalEvent {
  at: number
  text: string
}

interface InstanceRecord {
  readyAt: number
  goneAt: number | undefined
  firstAt: number
  lastAt: number
  visits: number
  failed: number
  silences: Silences
}

const RECORDS_KEPT = 500
const EVENTS_KEPT = 500
// A server that names a new instance with each answer must not fill the memory.
const INSTANCES_KEPT = 1000

/** What is only counted. */
interface Counts {
  /** Visits. */
  readonly attempted: number
  readonly acknowledged: number
  readonly failed: number
  /** Visits acknowledged only when retried. */
  readonly retried: number
  readonly requests: number
  readonly failedRequests: number
  readonly overlappingVisits: number
  readonly instanceChanges: number
  /** Sessions that could not be read at the end. */
  readonly unreadSessions: number
}

/** Keeps counts, times and the first records, in memory that grows only by a row each second. */
export class Journal {
  readonly failures = new Map<string, number>()
  readonly anomalies = noAnomalies()
  readonly anomalyRecords: AnomalyRecord[] = []
  readonly instances = new Map<string, InstanceRecord>()
  readonly events: JournalEvent[] = []
  readonly latency = new Latency()
  readonly outages = new Outages()
  readonly silences = new Silences()
  readonly series = new Series()
  #started = performance.now()
  readonly #listeners: ((event: JournalEvent) => void)[] = []
  readonly #podsReady = new Map<string, { readyAt: number; goneAt: number | undefined }>()
  readonly #counts = {
    attempted: 0,
    acknowledged: 0,
    failed: 0,
    retried: 0,
    requests: 0,
    failedRequests: 0,
    overlappingVisits: 0,
    instanceChanges: 0,
    unreadSessions: 0,
  }
  /** Those that are too many to be kept. */
  readonly #others = emptyInstance(0)
  #longestWait: { at: number; ms: number } | undefined
  #waitSince = 0

  get counts(): Counts {
    return this.#counts
  }

  get longestWait(): { at: number; ms: number } | undefined {
    return this.#longestWait
  }

  /** The load begins now. */
  begin(): void {
    this.#started = performance.now()
  }

  /** @returns ms since the load began */
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

  requestSent(): void {
    this.#counts.requests++
  }

  visitAttempted(overlapping: boolean): void {
    this.#counts.attempted++
    if (overlapping) this.#counts.overlappingVisits++
  }

  /**
   * A visit was acknowledged.
   * @param ms since it was due
   * @param usualMs how long the browser's visits usually lie apart
   */
  answered(ms: number, usualMs: number, instance: string | undefined, changed: boolean): void {
    const at = this.now()
    this.#counts.acknowledged++
    if (changed) this.#counts.instanceChanges++
    this.latency.record(ms, usualMs)
    this.#waited(at, ms)
    this.outages.succeeded(at)
    this.silences.heard(at)
    const record = instance === undefined ? undefined : this.#instance(instance, at)
    this.series.answered(at, ms, record === this.#others ? undefined : instance)
    if (!record) return
    record.visits++
    record.lastAt = at
    record.silences.heard(at)
  }

  visitRetried(): void {
    this.#counts.retried++
  }

  /** One request failed; the visit may still be retried. */
  requestFailed(reason: string, instance: string | undefined): void {
    const at = this.now()
    this.#counts.failedRequests++
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1)
    this.outages.failed(at)
    this.series.failed(at)
    if (instance !== undefined) this.#instance(instance, at).failed++
  }

  /** The visit was given up. */
  visitFailed(ms: number): void {
    this.#counts.failed++
    this.#waited(this.now(), ms)
  }

  sessionUnread(browser: number, reason: string): void {
    this.#counts.unreadSessions++
    this.event(`browser ${browser}: its session could not be read: ${reason}`)
  }

  anomaly(record: AnomalyRecord): void {
    this.anomalies[record.anomaly] += record.count
    this.series.anomaly(record.at, record.count)
    if (this.anomalyRecords.length < RECORDS_KEPT) this.anomalyRecords.push(record)
  }

  /** The platform says that an instance takes load from now on, by the name that its answers carry. */
  instanceReady(id: string): void {
    if (!this.#podsReady.has(id)) this.#podsReady.set(id, { readyAt: this.now(), goneAt: undefined })
  }

  /** The platform says that an instance has been stopped. */
  instanceGone(id: string): void {
    const known = this.#podsReady.get(id) ?? { readyAt: this.now(), goneAt: undefined }
    this.#podsReady.set(id, { ...known, goneAt: known.goneAt ?? this.now() })
  }

  /** Closes the record of the load. */
  endLoad(): void {
    const at = this.now()
    this.silences.end(at)
    this.series.end(at)
    for (const { silences } of this.instances.values()) silences.end(at)
    // What the platform names otherwise than the answers do says nothing.
    const named = [...this.#podsReady.keys()].some((id) => this.instances.has(id))
    for (const [id, { readyAt, goneAt }] of named ? this.#podsReady : []) {
      const record = this.instances.get(id)
      if (record) Object.assign(record, { readyAt: Math.min(record.firstAt, readyAt), goneAt })
      else if (goneAt === undefined || goneAt > readyAt)
        this.instances.set(id, { ...emptyInstance(readyAt), lastAt: at, goneAt })
    }
  }

  /** @returns the longest wait since the last call, in ms */
  takeLongestWait(): number {
    const ms = this.#waitSince
    this.#waitSince = 0
    return ms
  }

  #waited(at: number, ms: number): void {
    if (ms > (this.#longestWait?.ms ?? 0)) this.#longestWait = { at, ms }
    if (ms > this.#waitSince) this.#waitSince = ms
  }

  #instance(id: string, at: number): InstanceRecord {
    const known = this.instances.get(id)
    if (known || this.instances.size >= INSTANCES_KEPT) return known ?? this.#others
    const record = emptyInstance(at)
    this.instances.set(id, record)
    return record
  }
}

function emptyInstance(at: number): InstanceRecord {
  return {
    readyAt: at,
    goneAt: undefined,
    firstAt: at,
    lastAt: at,
    visits: 0,
    failed: 0,
    silences: new Silences(),
  }
}
