import type { Result } from './results.js'

const ROW = 26
const NAMES = 260
const BARS = 420

/** @returns the ratios of one workload as bars, for the docs: readable on a light and on a dark page. */
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
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${NAMES + BARS + 60} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#777" color="#777">
<title>${title}</title>
<text x="${NAMES}" y="20" font-weight="600">${title}</text>
${rows.join('\n')}
</svg>
`
}
