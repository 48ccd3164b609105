// What the command tells a pipeline.
import type { Report } from './report/report.js'

/** 2, could not run, is also what a fault that could not be done gives. */
export function exitCodeOf({ verdict, scenarios }: Pick<Report, 'verdict' | 'scenarios'>): number {
  if (verdict === 'broken') return 1
  if (scenarios.some(({ problem }) => problem !== undefined)) return 2
  return verdict === 'unknown' ? 3 : 0
}
