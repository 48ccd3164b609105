// What is done to the app while browsers visit it.
import type { Pace } from '../pace.js'
import type { Journal } from '../record/journal.js'

/** Something that is done to the app while browsers visit it. */
export interface Scenario {
  name: string
  /** What it is about to do, and to what. */
  intent: string
  /** When it begins, in ms of the load; without it, after those before. */
  at?: number
  /**
   * Does it, and returns when the app is whole again.
   * @param say notes an event
   * @param fleet may be told which instances are there, by the names that their answers carry
   * @param stop tells that whoever started the drill wants it to end
   * @throws when it cannot be done
   */
  run(say: (text: string) => void, fleet: Fleet, stop?: AbortSignal): Promise<void>
}

/** Notes which instances take load. */
export interface Fleet {
  instanceReady(id: string): void
  instanceGone(id: string): void
}

/** What happened from the beginning of a scenario until the visits went well again. Times in ms of the drill. */
export interface ScenarioRecord {
  name: string
  from: number
  to: number
  acknowledged: number
  failed: number
  anomalies: number
  longestWaitMs: number
  /** Why it could not be done. */
  problem?: string
}

const CALM_MS = 2000
const CALM_PATIENCE_MS = 60_000

/**
 * Runs the scenarios in a row, with calm before and after each, and those with a time at that time; ends early with
 * the load, or when one cannot be done.
 */
export async function runScenarios(
  scenarios: readonly Scenario[],
  journal: Journal,
  pace: Pace,
  stop?: AbortSignal,
): Promise<ScenarioRecord[]> {
  const timed = scenarios.flatMap(({ at, ...scenario }) => (at === undefined ? [] : [{ ...scenario, at }]))
  const inARow = scenarios.filter(({ at }) => at === undefined)
  const runTimed = timed.map(async (scenario) => {
    await pace.waitForTurns(scenario.at - journal.now())
    return pace.cancelled ? [] : [await runOne(scenario, journal, pace, stop)]
  })
  const records = await Promise.all([runInARow(inARow, journal, pace, stop), ...runTimed])
  return records.flat().sort((a, b) => a.from - b.from)
}

async function runInARow(
  scenarios: readonly Scenario[],
  journal: Journal,
  pace: Pace,
  stop: AbortSignal | undefined,
): Promise<ScenarioRecord[]> {
  const records: ScenarioRecord[] = []
  for (const scenario of scenarios) {
    await calm(journal, pace)
    if (pace.cancelled) break
    const record = await runOne(scenario, journal, pace, stop)
    records.push(record)
    if (record.problem !== undefined) break
  }
  return records
}

async function runOne(
  scenario: Scenario,
  journal: Journal,
  pace: Pace,
  stop: AbortSignal | undefined,
): Promise<ScenarioRecord> {
  const before = { ...journal.counts, anomalies: anomaliesIn(journal) }
  const from = journal.now()
  let problem: string | undefined
  journal.takeLongestWait()
  journal.event(`${scenario.name} begins: ${scenario.intent}`)
  try {
    await scenario.run((text) => journal.event(`${scenario.name}: ${text}`), journal, stop)
    await calm(journal, pace)
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error)
  }
  const record: ScenarioRecord = {
    name: scenario.name,
    from,
    to: journal.now(),
    acknowledged: journal.counts.acknowledged - before.acknowledged,
    failed: journal.counts.failed - before.failed,
    anomalies: anomaliesIn(journal) - before.anomalies,
    longestWaitMs: journal.takeLongestWait(),
    ...(problem !== undefined && { problem }),
  }
  const outcome =
    problem === undefined
      ? `${record.acknowledged} visits, ${record.failed} failed, longest wait ${Math.round(record.longestWaitMs)} ms`
      : `could not be done: ${problem}`
  journal.event(`${scenario.name} ended: ${outcome}`)
  return record
}

/** Waits until visits have gone well for a while. */
async function calm(journal: Journal, pace: Pace): Promise<void> {
  const until = journal.now() + CALM_PATIENCE_MS
  let since = journal.now()
  let { failedRequests, acknowledged } = journal.counts
  while (!pace.cancelled && journal.now() < until) {
    await pace.waitForTurns(100)
    if (journal.counts.failedRequests !== failedRequests) {
      since = journal.now()
      failedRequests = journal.counts.failedRequests
      acknowledged = journal.counts.acknowledged
    }
    if (journal.now() - since >= CALM_MS && journal.counts.acknowledged > acknowledged) return
  }
}

function anomaliesIn(journal: Journal): number {
  return Object.values(journal.anomalies).reduce((sum, count) => sum + count, 0)
}
