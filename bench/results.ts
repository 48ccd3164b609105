import { BASE, type SetUp } from './set-ups.js'
import { type Spread, spreadOf } from './statistics.js'
import type { Round } from './subject.js'
import type { Workload } from './workloads.js'

/** What one set-up did with one workload: medians of its rounds, and what failed, was acknowledged and lost in all of them. */
export interface Result extends Omit<Round, 'rate'> {
  readonly setUp: string
  readonly label: string
  readonly workload: string
  readonly rate: Spread
  /** Requests/s against those of the base in the same round; and the CPU of the base against its own. */
  readonly ratio: Spread
  readonly cpuRatio: Spread
  /** Acknowledged visits that are not in the sessions; undefined where none is counted. */
  readonly lost: number | undefined
  /** The same rate for all set-ups, and what each did then. */
  readonly paced?: Pick<Round, 'rate' | 'p50' | 'p99' | 'failed'>
}

/** What one set-up did: its rounds, in the order in which they were run. */
export interface Run {
  readonly rounds: Round[]
  /** Requests that were acknowledged, and that failed, in the rounds and before them. */
  acknowledged: number
  failed: number
  /** Visits that its sessions have counted; undefined where none is counted. */
  counted: number | undefined
}
export type Runs = ReadonlyMap<SetUp, Run>

/** @returns the result of each set-up that was asked. */
export function resultsOf(workload: Workload, runs: Runs): Result[] {
  const base = [...runs].find(([{ name }]) => name === BASE)?.[1].rounds
  return [...runs].map(([{ name, label }, { rounds: own, acknowledged, failed, counted }]) => {
    const median = (value: (round: Round) => number) => spreadOf(own.map(value)).median
    const against = (value: (round: Round, base: Round) => number) =>
      spreadOf(own.map((round, i) => (base?.[i] ? value(round, base[i]) : Number.NaN)))
    return {
      setUp: name,
      label,
      workload: workload.name,
      rate: spreadOf(own.map(({ rate }) => rate)),
      ratio: against((a, b) => a.rate / b.rate),
      cpuRatio: against((a, b) => b.cpu / a.cpu),
      p50: median(({ p50 }) => p50),
      p99: median(({ p99 }) => p99),
      cpu: median(({ cpu }) => cpu),
      redisCpu: median(({ redisCpu }) => redisCpu),
      commands: median(({ commands }) => commands),
      bytes: median(({ bytes }) => bytes),
      failed,
      acknowledged,
      lost: counted === undefined ? undefined : acknowledged - counted,
    }
  })
}

/** @returns results with those of the same set-ups when all were asked at the same rate. */
export function withPace(results: readonly Result[], paced: readonly Result[]): Result[] {
  return results.map((result, i) => {
    const own = paced[i]
    if (!own) return result
    const { rate, p50, p99, failed } = own
    const acknowledged = result.acknowledged + own.acknowledged
    const lost = result.lost === undefined ? undefined : result.lost + (own.lost ?? 0)
    return { ...result, acknowledged, lost, paced: { rate: rate.median, p50, p99, failed } }
  })
}
