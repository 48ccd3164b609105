/** The middle of some numbers, and where the middle half of them lies. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** @returns the median with the quartiles; NaN for no numbers. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}

/** @param sorted ascending. @returns the value at this share of the way, between two where it falls between them. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}
