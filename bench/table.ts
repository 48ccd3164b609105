import type { Result } from './results.js'
import type { Spread } from './statistics.js'

const COLUMNS: readonly [string, (result: Result) => string][] = [
  ['set-up', ({ label }) => label],
  ['requests/s', ({ rate }) => whole(rate.median)],
  ['× connect-redis 8', ({ ratio }) => spread(ratio)],
  ['× by CPU', ({ cpuRatio }) => spread(cpuRatio)],
  ['p50 ms', ({ p50 }) => p50.toFixed(1)],
  ['p99 ms', ({ p99 }) => p99.toFixed(1)],
  ['CPU µs', ({ cpu }) => whole(cpu)],
  ['Redis CPU µs', ({ redisCpu }) => whole(redisCpu)],
  ['commands', ({ commands }) => commands.toFixed(1)],
  ['bytes', ({ bytes }) => whole(bytes)],
  [
    'lost',
    ({ lost, acknowledged }) => (lost === undefined ? '' : `${whole(lost)} of ${whole(acknowledged)}`),
  ],
  ['failed', ({ failed, paced }) => whole(failed + (paced?.failed ?? 0))],
]

const PACED: typeof COLUMNS = [
  ['at requests/s', ({ paced }) => whole(paced?.rate ?? Number.NaN)],
  ['p50 ms then', ({ paced }) => paced?.p50.toFixed(1) ?? ''],
  ['p99 ms then', ({ paced }) => paced?.p99.toFixed(1) ?? ''],
]

/** @returns the results of one workload as a table in Markdown. */
export function table(results: readonly Result[]): string {
  const columns = results.some(({ paced }) => paced) ? [...COLUMNS, ...PACED] : COLUMNS
  const rows = results.map((result) => columns.map(([, cell]) => cell(result)))
  const names = columns.map(([name]) => name)
  return markdown(names, rows)
}

/** @returns a table whose first column is text and the others numbers. */
export function markdown(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = names.map((_, i) => (i === 0 ? '---' : '---:'))
  return [line(names), line(rule), ...rows.map(line)].join('\n')
}

/** @returns the median, and in brackets the quartiles; '' for none. */
export function spread({ median, low, high }: Spread, digits = 2): string {
  const [middle, from, to] = [median, low, high].map((value) => value.toFixed(digits))
  return Number.isFinite(median) ? `${middle} (${from}–${to})` : ''
}

function whole(number: number): string {
  return Number.isFinite(number) ? Math.round(number).toLocaleString('en') : ''
}
