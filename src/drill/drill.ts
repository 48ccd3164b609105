// Plays many browsers against an app, and gives the evidence to the judge.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Browser } from './browser.js'
import { check, type Found } from './check.js'
import { type DestroySummary, destroyInFlight } from './destroy.js'
import { Connection } from './http/connection.js'
import { type Target, Visitor } from './http/visitor.js'
import { AppSession, Route } from './journey/app-session.js'
import { runLoad } from './load.js'
import { Pace } from './pace.js'
import { connectionOptionsOf, type DrillInput, type Plan, planOf, targetOf } from './plan.js'
import { Journal, type JournalEvent } from './record/journal.js'
import { type Report, reportOf } from './report/report.js'
import { chooseScenarios } from './scenarios/choose.js'
import { runScenarios, type Scenario, type ScenarioRecord } from './scenarios/scenario.js'

export type Phase = 'visiting' | 'reading' | 'destroying'

/** What a screen may look at while the drill runs. */
export interface Live {
  journal: Journal
  plan: Plan
  phase(): Phase
}

export interface DrillOptions extends DrillInput {
  /** Faults of your own, after those of scenarioNames; the load goes on until the last is over. */
  scenarios?: readonly Scenario[]
  /** Ends the load; the books are closed and judged all the same. */
  stop?: AbortSignal
  /** Hurries the closing and the judging, too. */
  abandon?: AbortSignal
  onFound?(found: Found): void
  onStart?(live: Live): void
  onEvent?(event: JournalEvent): void
}

/**
 * Visits, reads and destroys at rest, without a load.
 * @throws CouldNotRun when the sessions cannot be judged; it says why, and which option helps
 */
export async function checkApp(input: DrillInput): Promise<Found> {
  const plan = await planOf(input)
  const pace = new Pace(plan.seed, plan.rate)
  return check(
    plan,
    targetOf(plan, () => pace.turn()),
    connectionOptionsOf(plan),
  )
}

/**
 * Plays many browsers against an app that counts in its sessions, and judges the sessions.
 * @throws CouldNotRun when an option is wrong, or the sessions cannot be judged
 */
export async function drill(options: DrillOptions): Promise<Report> {
  const { scenarios: own = [], stop, abandon, onFound, onStart, onEvent, ...input } = options
  const read = await planOf(input)
  const scenarios = [...(await chooseScenarios(read, read.url)), ...own]
  // With faults the load lasts as long as they do.
  const plan = { ...read, durationMs: input.durationMs ?? (scenarios.length > 0 ? 0 : read.durationMs) }
  const pace = new Pace(plan.seed, plan.rate, plan.visits)
  const journal = new Journal()
  const target = targetOf(plan, (hadTurn) => {
    journal.requestSent()
    return hadTurn ? undefined : pace.turn()
  })
  const found = await check(plan, target, connectionOptionsOf(plan))
  onFound?.(found)

  journal.begin()
  const route = new Route(found.journey, found.base)
  const crew = Array.from({ length: plan.browsers }, (_, index) =>
    member(index, plan, found, route, target, journal, pace),
  )
  const browsers = crew.map(({ browser }) => browser)
  const startedAt = new Date()
  const cpu = process.cpuUsage()
  const lag = monitorEventLoopDelay({ resolution: 10 })
  lag.enable()

  let phase: Phase = 'visiting'
  if (onEvent) journal.onEvent(onEvent)
  onStart?.({ journal, plan, phase: () => phase })
  stop?.addEventListener('abort', () => pace.stop())
  abandon?.addEventListener('abort', () => pace.abandon())
  if (stop?.aborted) pace.stop()

  try {
    // Visits that ran out end the scenarios, too, once the last is made.
    const load = runLoad(browsers, pace, plan).then(() => pace.stop())
    const watched = watchLoad(plan, scenarios, journal, pace, stop)
    // A number that is no count ends the drill at once.
    await Promise.race([load.then(() => watched), watched])
    const records = await watched
    pace.stop()
    await load
    const loadMs = journal.now()
    journal.endLoad()
    lag.disable()
    const used = process.cpuUsage(cpu)
    const latency = journal.latency.summary()

    phase = 'reading'
    const stored = await settleAll(browsers)
    phase = 'destroying'
    const destroyed = await destroySome(crew, journal, pace, plan, found)
    return reportOf({
      plan,
      found,
      journal,
      startedAt,
      loadMs,
      latency,
      stored,
      destroyed,
      scenarios: records,
      cpuMs: (used.user + used.system) / 1000,
      lagMs: Math.max(0, lag.percentile(99) / 1e6 - 10),
    })
  } finally {
    pace.abandon()
    lag.disable()
    await Promise.all(crew.map(({ connection }) => connection.close()))
  }
}

interface Member {
  browser: Browser
  connection: Connection
  newSession(): AppSession
}

function member(
  index: number,
  plan: Plan,
  { first, sessionCookie }: Found,
  route: Route,
  target: Target,
  journal: Journal,
  pace: Pace,
): Member {
  const connection = new Connection(plan.url.origin, connectionOptionsOf(plan))
  const newSession = () => new AppSession(route, new Visitor(target, connection), index, target.publicOrigin)
  const { retry, patienceMs } = plan
  const options = { sessionCookie, retry, patienceMs, first }
  return { browser: new Browser(index, newSession(), route, journal, pace, options), connection, newSession }
}

/** Returns when the scenarios are over, and the load has lasted long enough, or when it has ended. */
async function watchLoad(
  plan: Plan,
  scenarios: readonly Scenario[],
  journal: Journal,
  pace: Pace,
  stop: AbortSignal | undefined,
): Promise<ScenarioRecord[]> {
  await pace.waitForTurns(plan.warmUpMs)
  journal.latency.reset()
  const records = await runScenarios(scenarios, journal, pace, stop)
  await pace.waitForTurns(plan.durationMs - journal.now())
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
  crew: readonly Member[],
  journal: Journal,
  pace: Pace,
  plan: Plan,
  { journey, first, refusal, logoutStatus }: Found,
): Promise<DestroySummary | undefined> {
  if (!journey.logout || plan.destroy === 0) return undefined
  const chosen = crew.slice(0, plan.destroy)
  return destroyInFlight(
    chosen.map(({ browser: { index }, newSession }) => ({ index, newSession })),
    journal,
    pace,
    { patienceMs: plan.patienceMs, first, rounds: plan.destroyRounds, refusal, logoutStatus },
  )
}
