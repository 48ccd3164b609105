import type { Fault, FaultRecord, Journal, JournalEvent } from '../books/journal.js'
import type { LatencySummary } from '../books/latency.js'
import type { Outage, Silence } from '../books/outages.js'
import type { DestroySummary } from '../destroy.js'
import type { Plan } from '../plan.js'
import type { ScenarioRecord } from '../scenarios/scenario.js'
import { judge } from './verdict.js'

export interface InstanceReport {
  id: string
  visits: number
  /** Of all acknowledged visits, from 0 to 1. */
  share: number
  failed: number
  firstAt: number
  lastAt: number
  silences: readonly Silence[]
}

/** The result of a drill, as `--json` prints it. Times are ms from its start. */
export interface Report {
  verdict: 'held' | 'broken'
  /** The verdict for a person. */
  sentence: string
  url: string
  startedAt: string
  /** How long the browsers visited. */
  loadMs: number
  browsers: number
  concurrency: number
  seed: number
  visits: {
    attempted: number
    acknowledged: number
    failed: number
    /** Acknowledged after a repetition. */
    repeated: number
    perSecond: number
    stored: number
  }
  /** Visits lost or counted twice, numbers seen twice or going back, sessions reset, resurrected or unread. */
  faults: Record<Fault, number>
  /** Requests without a usable answer, by class. */
  failures: Record<string, number>
  destroyed: DestroySummary | null
  latencyMs: LatencySummary | null
  longestWait: { at: number; ms: number } | null
  outages: readonly Outage[]
  /** Times in which no visit at all was acknowledged. */
  silences: readonly Silence[]
  /** In the order in which they first answered. */
  instances: InstanceReport[]
  scenarios: ScenarioRecord[]
  events: readonly JournalEvent[]
  /** The first 500 faults. */
  faultRecords: readonly FaultRecord[]
  /** The drill's own processor time, in ms, while the browsers visited. */
  cpuMs: number
  requests: number
}

interface Evidence {
  plan: Plan
  journal: Journal
  startedAt: Date
  loadMs: number
  latency: LatencySummary | undefined
  stored: number
  destroyed: DestroySummary | undefined
  scenarios: ScenarioRecord[]
  cpuMs: number
}

/** Draws up the report and judges. */
export function reportOf(evidence: Evidence): Report {
  const { plan, journal, loadMs } = evidence
  const counts = {
    attempted: journal.attempted,
    acknowledged: journal.acknowledged,
    failed: journal.failed,
    repeated: journal.repeated,
    perSecond: Math.round((journal.acknowledged / loadMs) * 1000),
    stored: evidence.stored,
  }
  const faults = {
    lost: journal.faultCount('lost'),
    'counted twice': journal.faultCount('counted twice'),
    'seen twice': journal.faultCount('seen twice'),
    'went back': journal.faultCount('went back'),
    reset: journal.faultCount('reset'),
    resurrected: journal.faultCount('resurrected'),
    unread: journal.faultCount('unread'),
  }
  return {
    ...judge({ visits: counts, faults, browsers: plan.browsers }, plan.maxFailed),
    url: plan.url.href,
    startedAt: evidence.startedAt.toISOString(),
    loadMs,
    browsers: plan.browsers,
    concurrency: plan.concurrency,
    seed: plan.seed,
    visits: counts,
    faults,
    failures: Object.fromEntries(journal.failures),
    destroyed: evidence.destroyed ?? null,
    latencyMs: evidence.latency ?? null,
    longestWait: journal.longestWait ?? null,
    outages: journal.outages.all,
    silences: journal.silences.all,
    instances: instanceReports(journal),
    scenarios: evidence.scenarios,
    events: journal.events,
    faultRecords: journal.faultRecords,
    cpuMs: evidence.cpuMs,
    requests: journal.requests,
  }
}

function instanceReports(journal: Journal): InstanceReport[] {
  return [...journal.instances].map(([id, { visits, failed, firstAt, lastAt, silences }]) => ({
    id,
    visits,
    share: journal.acknowledged === 0 ? 0 : visits / journal.acknowledged,
    failed,
    firstAt,
    lastAt,
    silences: silences.all,
  }))
}
