import type { Result } from './results.js'
import { svg } from './svg.js'

const ROW = 26
const NAMES = 260
const BARS = 420

/** @returns the ratios of one workload as bars. */
export function chart(title: string, results: readonly Result[]): string {
  const highest = Math.max(...results.map(({ ratio }) => ratio.high))
  const height = ROW * (results.length + 2)
  const rows = results.map(({ label, ratio, lost }, i) => {
    const y = ROW * (i + 1) + 12
    const width = (value: number) => (value / highest) * BARS
    const name = `<text x="${NAMES - 8}" y="${y + 14}" text-anchor="end">${label}</text>`
    const bar = `<rect x="${NAMES}" y="${y + 3}" width="${width(ratio.median).toFixed(1)}" height="14" fill="${lost ? '#b35900' : '#2f7d6b'}"/>`
    const range = `<path d="M${(NAMES + width(ratio.low)).toFixed(1)} ${y + 10}H${(NAMES + width(ratio.high)).toFixed(1)}" stroke="currentColor"/>`
    const value = `<text x="${(NAMES + width(ratio.high) + 8).toFixed(1)}" y="${y + 14}">${ratio.median.toFixed(2)}</text>`
    return name + bar + range + value
  })
  return svg(title, NAMES + BARS + 60, height, NAMES, rows.join('\n'))
}
