import { svg } from './svg.js'

const [LEFT, TOP, WIDTH, HEIGHT] = [48, 32, 640, 220]

/** What an instance had of its own after so many minutes, in MiB. */
export interface Sample {
  readonly minute: number
  readonly anonymous: number
}

/** @returns a line over time, below the limit. */
export function memoryChart(title: string, samples: readonly Sample[], limit: number): string {
  const last = samples.at(-1)?.minute || 1
  const x = (minute: number) => (LEFT + (minute / last) * WIDTH).toFixed(1)
  const y = (mib: number) => (TOP + HEIGHT - (mib / limit) * HEIGHT).toFixed(1)
  const line = samples.map(({ minute, anonymous }) => `${x(minute)},${y(anonymous)}`).join(' ')
  const marks = [0, limit / 4, limit / 2, (limit * 3) / 4, limit]
  const grid = marks.map(
    (mib) =>
      `<path d="M${LEFT} ${y(mib)}h${WIDTH}" stroke="currentColor" opacity="0.3"/><text x="${LEFT - 8}" y="${y(mib)}" dy="4" text-anchor="end">${mib}</text>`,
  )
  const content = `${grid.join('\n')}
<polyline points="${line}" fill="none" stroke="#2f7d6b" stroke-width="2"/>
<text x="${LEFT}" y="${TOP + HEIGHT + 20}">0</text>
<text x="${LEFT + WIDTH}" y="${TOP + HEIGHT + 20}" text-anchor="end">${last.toFixed(0)} min</text>`
  return svg(title, LEFT + WIDTH + 24, TOP + HEIGHT + 32, LEFT, content)
}
