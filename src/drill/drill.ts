import { Journal, type JournalEvent } from './books/journal.js'
import { Browser } from './browser.js'
import { type DestroySummary, destroyInFlight } from './destroy.js'
import { Connection } from './http/connection.js'
import { runLoad } from './load.js'
import { Pace } from './pace.js'
import type { Plan } from './plan.js'
import { probe } from './probe.js'
import { type Report, reportOf } from './report/report.js'
import { runScenarios, type Scenario, type ScenarioRecord } from './scenarios/scenario.js'

export type Phase = 'visiting' | 'reading' | 'destroying'

/** What a screen may look at while the drill runs. */
export interface Live {
  journal: Journal
  plan: Plan
  phase(): Phase
}

export interface DrillOptions {
  /** Done while the browsers visit, one after the other; the load goes on until the last is over. */
  scenarios?: readonly Scenario[]
  /** Ends the load; the books are closed and judged all the same. A second abort hurries the closing, too. */
  stop?: AbortSignal
  abandon?: AbortSignal
  onStart?(live: Live): void
  onEvent?(event: JournalEvent): void
}

/**
 * Plays many browsers against a counter and judges the sessions.
 * @throws CouldNotRun when nothing at the URL counts visits
 */
export async function drill(plan: Plan, options: DrillOptions = {}): Promise<Report> {
  const connectionOptions = {
    connections: plan.concurrency + 5,
    timeoutMs: plan.timeoutMs,
    insecure: plan.insecure,
    headers: plan.headers,
  }
  const first = await probe(plan, connectionOptions)
  const journal = new Journal()
  const pace = new Pace(plan.seed, plan.rate, plan.visits)
  const startedAt = new Date()
  const cpu = process.cpuUsage()
  const browsers = Array.from({ length: plan.browsers }, (_, index) => {
    const connection = new Connection(plan.url.origin, connectionOptions)
    return new Browser(index, connection, journal, pace, { ...plan, first })
  })

  let phase: Phase = 'visiting'
  if (options.onEvent) journal.onEvent(options.onEvent)
  options.onStart?.({ journal, plan, phase: () => phase })
  options.stop?.addEventListener('abort', () => pace.stop())
  options.abandon?.addEventListener('abort', () => pace.abandon())
  if (options.stop?.aborted) pace.stop()

  try {
    const load = runLoad(browsers, pace, plan)
    const scenarios = await watchLoad(plan, options, journal, pace)
    pace.stop()
    await load
    const loadMs = journal.now()
    journal.silences.end(loadMs)
    const used = process.cpuUsage(cpu)
    const latency = journal.latency.summary()

    phase = 'reading'
    const stored = await settleAll(browsers)
    phase = 'destroying'
    const destroyed = await destroySome(browsers, journal, pace, plan, first)
    return reportOf({
      plan,
      journal,
      startedAt,
      loadMs,
      latency,
      stored,
      destroyed,
      scenarios,
      cpuMs: (used.user + used.system) / 1000,
    })
  } finally {
    pace.abandon()
    await Promise.all(browsers.map(({ connection }) => connection.close()))
  }
}

/** Returns when the load has lasted long enough and the scenarios are over. */
async function watchLoad(
  plan: Plan,
  options: DrillOptions,
  journal: Journal,
  pace: Pace,
): Promise<ScenarioRecord[]> {
  await pace.wait(plan.warmUpMs)
  journal.latency.reset()
  const records = await runScenarios(options.scenarios ?? [], journal, pace)
  await pace.wait(plan.durationMs - journal.now())
  return records
}

/** @returns the visits that all sessions hold together */
async function settleAll(browsers: readonly Browser[]): Promise<number> {
  let stored = 0
  const queue = browsers.values()
  const readers = Array.from({ length: 50 }, async () => {
    for (const browser of queue) {
      const held = await browser.settle()
      stored += held ?? 0
    }
  })
  await Promise.all(readers)
  return stored
}

async function destroySome(
  browsers: readonly Browser[],
  journal: Journal,
  pace: Pace,
  plan: Plan,
  first: number,
): Promise<DestroySummary | undefined> {
  if (!plan.adapter.destroy || plan.destroy === 0) return undefined
  const options = { ...plan, first, rounds: plan.destroyRounds }
  return destroyInFlight(browsers.slice(0, plan.destroy), journal, pace, options)
}
