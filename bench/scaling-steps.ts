import { mkdirSync, writeFileSync } from 'node:fs'
import { lineChart } from './line-chart.js'
import { spreadOf } from './statistics.js'
import { markdown } from './table.js'

/** What some instances did for so many seconds; CPU in µs for each request. */
export interface Round {
  readonly rate: number
  /** ms */
  readonly p99: number
  readonly instanceCpu: number
  readonly redisCpu: number
  readonly loadCpu: number
  /** Of a core: what each instance used, and Redis. */
  readonly instanceCores: number
  readonly redisCores: number
  readonly failed: number
}

/** Medians of the rounds of so many instances, over so many connections in all; what failed in all of them. */
export interface Step extends Round {
  readonly instances: number
  readonly connections: number
  /** Of a core, what each process may use; undefined: what there is. */
  readonly share: number | undefined
}

/** A run of one set-up in which all processes had the same. */
export interface Part {
  readonly title: string
  /** Of the set-up. */
  readonly name: string
  readonly steps: readonly Step[]
}

/** @returns the medians of some rounds. */
export function stepOf(rounds: readonly Round[]): Round {
  const median = (name: keyof Round) => spreadOf(rounds.map((round) => round[name])).median
  return {
    rate: median('rate'),
    p99: median('p99'),
    instanceCpu: median('instanceCpu'),
    redisCpu: median('redisCpu'),
    loadCpu: median('loadCpu'),
    instanceCores: median('instanceCores'),
    redisCores: median('redisCores'),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
  }
}

const COLUMNS: readonly [string, (step: Step) => string][] = [
  ['instances', ({ instances }) => `${instances}`],
  ['connections', ({ connections }) => `${connections}`],
  ['requests/s', ({ rate }) => Math.round(rate).toLocaleString('en')],
  ['p99 ms', ({ p99 }) => p99.toFixed(1)],
  ['CPU µs of an instance', ({ instanceCpu }) => instanceCpu.toFixed(0)],
  ['CPU µs of Redis', ({ redisCpu }) => redisCpu.toFixed(1)],
  ['CPU µs of the load', ({ loadCpu }) => loadCpu.toFixed(0)],
  ['cores of each instance', ({ instanceCores }) => instanceCores.toFixed(3)],
  ['cores of Redis', ({ redisCores }) => redisCores.toFixed(3)],
  ['failed', ({ failed }) => `${failed}`],
]

/** @returns steps as a table in Markdown. */
export function table(steps: readonly Step[]): string {
  return markdown(
    COLUMNS.map(([name]) => name),
    steps.map((step) => COLUMNS.map(([, cell]) => cell(step))),
  )
}

/** Writes tables, data and charts for the docs; the charts are of the steps with a share. */
export function write(conditions: string, parts: readonly Part[]): void {
  mkdirSync('docs/bench', { recursive: true })
  const tables = parts.map(({ title, steps }) => `### ${title}\n\n${table(steps)}\n`)
  writeFileSync('docs/bench/scaling.md', `${conditions}\n\n${tables.join('\n')}`)
  const data = JSON.stringify({ conditions, parts }, undefined, 2)
  writeFileSync('docs/bench/scaling.json', `${data}\n`)
  const limited = parts.filter(({ steps }) => steps.some(({ share }) => share !== undefined))
  const [own] = limited
  if (!own) return
  const [{ share = 1 } = {}] = own.steps
  const pointsOf = (steps: readonly Step[], value: (step: Step) => number) =>
    steps.map((step) => [step.instances, value(step)] as const)
  const ticks = own.steps.map(({ instances }) => [instances, `${instances}`] as const)
  const rates = limited.map(({ name, steps }) => ({ name, points: pointsOf(steps, ({ rate }) => rate) }))
  const highest = Math.max(...rates.flatMap(({ points }) => points.map(([, rate]) => rate)))
  writeFileSync(
    'docs/bench/scaling.svg',
    lineChart(`Visits a second by instances, where each process has ${share} of a core`, rates, {
      ticks,
      highest: Math.ceil(highest / 1_000) * 1_000,
    }),
  )
  const busy = [
    { name: 'Redis', points: pointsOf(own.steps, ({ redisCores }) => (redisCores / share) * 100) },
    {
      name: 'each instance',
      points: pointsOf(own.steps, ({ instanceCores }) => (instanceCores / share) * 100),
    },
  ]
  writeFileSync(
    'docs/bench/scaling-busy.svg',
    lineChart('How busy each of exact was then, by instances, in %', busy, { ticks, highest: 100 }),
  )
}
