const [LEFT, TOP, WIDTH, HEIGHT] = [64, 32, 640, 220]
const COLOURS = ['#2f7d6b', '#b35900', '#5b6fb5', '#a0456e']
const QUARTERS = [0, 0.25, 0.5, 0.75, 1]

interface Series {
  /** undefined: the title says it. */
  readonly name?: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Where the lines are drawn. */
interface Axes {
  /** The places that are named below; the first and the last are the ends of the axis. */
  readonly ticks: readonly (readonly [x: number, label: string])[]
  /** The top; the bottom is 0. */
  readonly highest: number
}

/** @returns a picture with a title, for the docs, readable on a light and on a dark page: lines, each with its name at its end. */
export function lineChart(title: string, series: readonly Series[], { ticks, highest }: Axes): string {
  const [first, last] = [ticks[0]?.[0] ?? 0, ticks.at(-1)?.[0] || 1]
  const x = (value: number) => (LEFT + ((value - first) / (last - first)) * WIDTH).toFixed(1)
  const y = (value: number) => (TOP + HEIGHT - (value / highest) * HEIGHT).toFixed(1)
  const grid = QUARTERS.map((share) => {
    const label = Number((share * highest).toPrecision(3)).toLocaleString('en')
    return `<path d="M${LEFT} ${y(share * highest)}h${WIDTH}" stroke="currentColor" opacity="0.3"/><text x="${LEFT - 8}" y="${y(share * highest)}" dy="4" text-anchor="end">${label}</text>`
  })
  const below = ticks.map(
    ([at, label]) =>
      `<text x="${x(at)}" y="${TOP + HEIGHT + 20}" text-anchor="${at === last ? 'end' : 'middle'}">${label}</text>`,
  )
  const lines = series.map(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length]
    const path = points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ')
    const [, end] = points.at(-1) ?? [0, 0]
    const text = name
      ? `<text x="${LEFT + WIDTH + 8}" y="${y(end)}" dy="4" fill="${colour}">${name}</text>`
      : ''
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${text}`
  })
  const names = Math.max(24, ...series.map(({ name = '' }) => name.length * 7 + 16))
  const content = [...grid, ...below, ...lines].join('\n')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + names} ${TOP + HEIGHT + 32}" font-family="system-ui, sans-serif" font-size="13" fill="#777" color="#777">
<title>${title}</title>
<text x="${LEFT}" y="20" font-weight="600">${title}</text>
${content}
</svg>
`
}
