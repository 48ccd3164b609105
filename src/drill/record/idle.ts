// Which instances were there and got next to nothing to do.
import type { SeriesRow } from './series.js'

/** When an instance was there, in ms from the start of the drill. */
export interface Presence {
  id: string
  /** Since when it could answer. */
  readyAt: number
  firstAt: number
  lastAt: number
  visits: number
  /** When it was stopped, if that is known. */
  goneAt: number | undefined
}

const LEAST_SHARE = 0.1
const LEAST_EXPECTED = 20
/** If nobody says when an instance was stopped, it counts as being there for so long after its last answer. */
const AFTERGLOW_MS = 10_000

/**
 * An instance has its share of a second if all that were there answered equally many visits.
 * @returns those that answered less than a tenth of their share while they were there. One that carried its share
 *   and then fell silent was stopped: it is not among them.
 */
export function idleInstances(series: readonly SeriesRow[], instances: readonly Presence[]): string[] {
  const shares = new Map<string, { expected: number; seconds: number; answered: number }>()
  for (const { second, acknowledged, instances: answered } of series) {
    const here = instances.filter((one) => isThere(one, second))
    for (const { id } of here) {
      const share = shares.get(id) ?? { expected: 0, seconds: 0, answered: 0 }
      share.expected += acknowledged / here.length
      share.answered += answered[id]?.acknowledged ?? 0
      share.seconds++
      shares.set(id, share)
    }
  }
  return instances.filter((one) => isIdle(one, shares.get(one.id))).map(({ id }) => id)
}

function isThere({ readyAt, lastAt, goneAt }: Presence, second: number): boolean {
  const until = goneAt ?? lastAt + AFTERGLOW_MS
  return readyAt <= second * 1000 && (second + 1) * 1000 <= until
}

function isIdle(
  { firstAt, lastAt, visits }: Presence,
  share: { expected: number; seconds: number; answered: number } | undefined,
): boolean {
  if (!share || share.expected < LEAST_EXPECTED || share.answered >= LEAST_SHARE * share.expected)
    return false
  const whileActive = visits / Math.max(1, (lastAt - firstAt) / 1000)
  return whileActive < LEAST_SHARE * (share.expected / share.seconds)
}
