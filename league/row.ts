// What the league keeps of a stack's drills: docs/league.json has a row for each.
import type { Report } from '../src/drill/report/report.js'
import type { Stack } from './stack.js'
import type { Cost, Fault, Outcome, Result } from './trials.js'

export interface FaultRow {
  acknowledged: number
  failed: number
  longestWaitMs: number
  /** Whether visits succeeded again. */
  recovered: boolean
}

export interface Row {
  name: string
  title: string
  /** Day of the drills. */
  date: string
  versions: readonly string[]
  /** The drill's command line, but for the load. */
  drill: string
  /** The worst of the three drills'. */
  verdict: string
  /** Lost of the acknowledged visits, one at a time without a fault. */
  steady: Losses
  bursts: Losses & {
    duplicates: number
    destroyed: {
      tried: number
      judged: number
      resurrected: number
      problems: Readonly<Record<string, number>>
    }
  }
  faults: Losses & {
    reset: number
    doubleCounted: number
    unread: number
    each: Partial<Record<Fault, FaultRow>>
    failures: Readonly<Record<string, number>>
  }
  cost?: Cost
  /** What others used of the machine's processors just before, from 0 to 1. */
  busy?: number
}

export interface Losses {
  acknowledged: number
  lost: number
  /** The same, counted by the load balancer. */
  audited: number
  /** Why there is nothing to tell. */
  problem?: string
}

/** @param busy what others used of the machine's processors, from 0 to 1 */
export function rowOf(stack: Stack, result: Result, date: string, busy: number): Row {
  const { steady, bursts, faults, cost } = result
  const destroyed = bursts.report?.destroyed ?? { tried: 0, judged: 0, resurrected: 0, problems: {} }
  return {
    name: stack.name,
    title: stack.title,
    date,
    versions: stack.versions(),
    drill: stack.drill.join(' '),
    verdict: worst([steady, bursts, faults]),
    steady: lossesOf(steady),
    bursts: {
      ...lossesOf(bursts),
      duplicates: bursts.report?.anomalies.duplicateNumber ?? 0,
      destroyed,
    },
    faults: {
      ...lossesOf(faults),
      reset: faults.report?.anomalies.reset ?? 0,
      doubleCounted: faults.report?.anomalies.doubleCounted ?? 0,
      unread: faults.report?.unjudged.sessions ?? 0,
      each: Object.fromEntries(faults.report ? faultsOf(faults.report) : []),
      failures: faults.report?.failures ?? {},
    },
    ...(cost && { cost }),
    busy,
  }
}

function lossesOf({ report, audited = 0, problem }: Outcome): Losses {
  return {
    acknowledged: report?.visits.acknowledged ?? 0,
    lost: report?.anomalies.lost ?? 0,
    audited,
    ...(problem !== undefined && { problem }),
  }
}

function faultsOf({ scenarios, outages }: Report): [name: string, row: FaultRow][] {
  return scenarios.map(({ name, acknowledged, failed, longestWaitMs, from, to }) => {
    const unending = outages.some(
      (outage) => outage.recovered === undefined && outage.from <= to && outage.to >= from,
    )
    return [name, { acknowledged, failed, longestWaitMs: Math.round(longestWaitMs), recovered: !unending }]
  })
}

function worst(outcomes: readonly Outcome[]): string {
  const verdicts = outcomes.map(({ report }) => report?.verdict ?? 'could not be judged')
  return (
    ['broken', 'could not be judged', 'unknown'].find((one) => verdicts.some((is) => is === one)) ?? 'held'
  )
}
