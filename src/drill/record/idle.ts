// Which instances were there and got next to nothing to do.
import type { SeriesRow } from './series.js'

/** When an instance was there, in ms from the start of the drill. */
export interface Presence {
  id: string
  readyAt: number
  lastAt: number
  /** When it was stopped, if that is known. */
  goneAt: number | undefined
}

const LEAST_SHARE = 0.1
/** Nobody says when an instance was stopped: so long after its last answer it still counts as being there. */
const AFTERGLOW_MS = 10_000
const LEAST_EXPECTED = 20

/**
 * An instance has its share of a second if all that were there answered equally many visits.
 * @returns those that answered less than a tenth of their share while they were there
 */
export function idleInstances(series: readonly SeriesRow[], instances: readonly Presence[]): string[] {
  const until = ({ lastAt, goneAt }: Presence) => (goneAt ?? lastAt + AFTERGLOW_MS) / 1000
  const present = (second: number) =>
    instances.filter((one) => Math.ceil(one.readyAt / 1000) <= second && second + 1 <= until(one))
  const expected = new Map<string, number>()
  const answered = new Map<string, number>()
  for (const { second, acknowledged, instances: byInstance } of series) {
    const here = present(second)
    for (const { id } of here) {
      expected.set(id, (expected.get(id) ?? 0) + acknowledged / here.length)
      answered.set(id, (answered.get(id) ?? 0) + (byInstance[id]?.acknowledged ?? 0))
    }
  }
  return instances
    .map(({ id }) => id)
    .filter((id) => {
      const share = expected.get(id) ?? 0
      return share >= LEAST_EXPECTED && (answered.get(id) ?? 0) < LEAST_SHARE * share
    })
}
