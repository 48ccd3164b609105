// The result of a drill.
import type { Anomaly } from '../books/anomaly.js'
import { type Exercised, judge, type Verdict } from '../books/verdict.js'
import type { Found } from '../check.js'
import type { DestroySummary } from '../destroy.js'
import type { Journey } from '../journey/journey.js'
import type { Plan } from '../plan.js'
import { idleInstances } from '../record/idle.js'
import type { AnomalyRecord, Journal, JournalEvent } from '../record/journal.js'
import type { LatencySummary } from '../record/latency.js'
import type { Outage, Silence } from '../record/outages.js'
import type { SeriesRow } from '../record/series.js'
import type { ScenarioRecord } from '../scenarios/scenario.js'

export interface InstanceReport {
  id: string
  visits: number
  /** Of all acknowledged visits, from 0 to 1. */
  share: number
  /** It answered less than a tenth of its share while it was there. */
  idle: boolean
  failed: number
  firstAt: number
  lastAt: number
  silences: readonly Silence[]
}

/** The result of a drill, as `--json` prints it. Times are ms from the start of the load. */
export interface Report {
  verdict: Verdict
  /** The verdict for a person. */
  sentence: string
  url: string
  startedAt: string
  /** How long the browsers visited. */
  loadMs: number
  browsers: number
  burst: number
  seed: number
  /** What the check at rest found out about the app. */
  found: FoundReport
  visits: {
    attempted: number
    acknowledged: number
    failed: number
    /** Acknowledged only when retried. */
    retried: number
    perSecond: number
    stored: number
  }
  anomalies: Record<Anomaly, number>
  /** What could not be judged. */
  unjudged: { sessions: number; destroys: number }
  exercised: Exercised
  /** Requests without a usable answer, by class. */
  failures: Record<string, number>
  destroyed: DestroySummary | null
  /** Counted from when each visit was due. */
  latencyMs: LatencySummary | null
  longestWait: { at: number; ms: number } | null
  outages: readonly Outage[]
  /** Times in which no visit at all was acknowledged. */
  silences: readonly Silence[]
  /** In the order in which they first answered. */
  instances: InstanceReport[]
  scenarios: ScenarioRecord[]
  events: readonly JournalEvent[]
  /** The first 500 anomalies. */
  anomalyRecords: readonly AnomalyRecord[]
  /** A row for each second of the load. */
  series: readonly SeriesRow[]
  /** About the drill itself while the browsers visited. */
  drill: {
    cpuMs: number
    requests: number
    /** 99th percentile of how late its own timers were, in ms. */
    lagMs: number
    /** It was short of processor time itself: latencies are too high. */
    starved: boolean
  }
  maxFailed: number | 'any'
  /** Whether an idle instance breaks the verdict. */
  failIdle: boolean
}

/** What a check found, without the steps of the journey: a login may hold a password. */
export interface FoundReport extends Pick<Found, 'sessionCookie' | 'cookies' | 'restarts' | 'lines'> {
  journey: Pick<Journey, 'name' | 'number' | 'instance'>
}

export function foundReport({ journey, sessionCookie, cookies, restarts, lines }: Found): FoundReport {
  const { name, number, instance } = journey
  const known = { ...(name !== undefined && { name }), ...(instance !== undefined && { instance }) }
  return { journey: { ...known, number }, sessionCookie, cookies, restarts, lines }
}

interface Evidence {
  plan: Plan
  found: Found
  journal: Journal
  startedAt: Date
  loadMs: number
  latency: LatencySummary | undefined
  stored: number
  destroyed: DestroySummary | undefined
  scenarios: ScenarioRecord[]
  cpuMs: number
  lagMs: number
}

const STARVED_MS = 50

/** Draws up the report and judges. */
export function reportOf(evidence: Evidence): Report {
  const { plan, found, journal, loadMs, destroyed, lagMs } = evidence
  const { attempted, acknowledged, failed, retried, requests, unreadSessions } = journal.counts
  const visits = {
    attempted,
    acknowledged,
    failed,
    retried,
    perSecond: Math.round((acknowledged / loadMs) * 1000),
    stored: evidence.stored,
  }
  const unjudged = {
    sessions: unreadSessions,
    destroys: destroyed ? destroyed.tried - destroyed.judged : 0,
  }
  const instances = instanceReports(journal)
  const exercised = exercisedOf(journal, destroyed)
  const { browsers, maxFailed } = plan
  const idle = plan.failIdle ? instances.filter((instance) => instance.idle).length : 0
  return {
    ...judge({
      visits,
      anomalies: journal.anomalies,
      unjudged,
      exercised,
      browsers,
      maxFailed,
      idleInstances: idle,
    }),
    url: withoutSecrets(plan.url),
    startedAt: evidence.startedAt.toISOString(),
    loadMs,
    browsers,
    burst: plan.burst,
    seed: plan.seed,
    found: foundReport(found),
    visits,
    anomalies: journal.anomalies,
    unjudged,
    exercised,
    failures: Object.fromEntries(journal.failures),
    destroyed: destroyed ?? null,
    latencyMs: evidence.latency ?? null,
    longestWait: journal.longestWait ?? null,
    outages: journal.outages.all,
    silences: journal.silences.all,
    instances,
    scenarios: evidence.scenarios,
    events: journal.events,
    anomalyRecords: journal.anomalyRecords,
    series: journal.series.rows,
    drill: { cpuMs: evidence.cpuMs, requests, lagMs, starved: lagMs > STARVED_MS },
    maxFailed: Number.isFinite(maxFailed) ? maxFailed : 'any',
    failIdle: plan.failIdle,
  }
}

function exercisedOf(journal: Journal, destroyed: DestroySummary | undefined): Exercised {
  const { overlappingVisits, instanceChanges } = journal.counts
  const outages = journal.outages.all
  const silentOnly = journal.silences.all.filter(
    ({ from, to }) => !outages.some((outage) => outage.from <= to && (outage.recovered ?? outage.to) >= from),
  )
  return {
    overlappingVisits,
    instanceChanges: journal.instances.size === 0 ? null : instanceChanges,
    destroysInFlight: destroyed?.judged ?? 0,
    outages: outages.length + silentOnly.length,
  }
}

function instanceReports(journal: Journal): InstanceReport[] {
  const { acknowledged } = journal.counts
  const presences = [...journal.instances].map(([id, record]) => ({ id, ...record }))
  const idle = idleInstances(journal.series.rows, presences)
  return [...journal.instances].map(([id, { visits, failed, firstAt, lastAt, silences }]) => ({
    id,
    visits,
    share: acknowledged === 0 ? 0 : visits / acknowledged,
    idle: idle.includes(id),
    failed,
    firstAt,
    lastAt,
    silences: silences.all,
  }))
}

function withoutSecrets(url: URL): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}
