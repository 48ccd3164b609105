// `npm run contrast`: the same drill over the three stores on the local platform, as one table.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { grouped } from '../drill/books/anomaly.js'
import type { Report } from '../drill/report/report.js'
import { openControl } from './control.js'
import { startPlatform } from './platform.js'

const DRILL = fileURLToPath(new URL('../drill/main.js', import.meta.url))
const STORES = ['memory', 'connect-redis', 'exact']

interface Trial {
  name: string
  /** The drill's arguments. */
  drill: string
  outcome(report: Report): string
}

const STEADY = '--browsers 20 --burst 1 --rate 200 --destroy 0'
const TRIALS: readonly Trial[] = [
  { name: 'restart of all instances', drill: `${STEADY} --scenario restart`, outcome: losses },
  { name: 'scale 4 → 1 → 8 → 4', drill: `${STEADY} --scenario scale`, outcome: losses },
  {
    name: '401 visits to one session, 50 at a time',
    drill: '--browsers 1 --burst 50 --visits 401 --destroy 0',
    outcome: losses,
  },
  {
    name: 'destroyed with visits in flight',
    drill: '--visits 20 --browsers 20 --destroy-rounds 5',
    outcome: resurrections,
  },
  { name: 'Redis killed, back after 1 s', drill: `${STEADY} --scenario kill-redis`, outcome: losses },
]

function losses({ visits, anomalies, unjudged }: Report): string {
  const more = [
    anomalies.doubleCounted > 0 && `${grouped(anomalies.doubleCounted)} double-counted`,
    visits.failed > 0 && `${grouped(visits.failed)} failed`,
    unjudged.sessions > 0 && `${grouped(unjudged.sessions)} sessions unread`,
  ].filter((part) => part !== false)
  return [`${grouped(anomalies.lost)} lost of ${grouped(visits.acknowledged)}`, ...more].join(', ')
}

function resurrections({ destroyed }: Report): string {
  if (!destroyed?.judged) return 'could not be judged'
  return `${destroyed.resurrected} of ${destroyed.judged} came back`
}

/** Runs the drill as a process. @throws Error when it can't run; a broken verdict is a result. */
async function drill(...args: string[]): Promise<Report> {
  const child = spawn(process.execPath, [DRILL, '--json', '--seed', '1', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [json, progress, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  if (json === '') throw new Error(`the drill ended with ${code}: ${progress.trim()}`)
  return JSON.parse(json)
}

async function tryStore(store: string): Promise<string[]> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'contrast-'))
  const say = (line: string) => process.stderr.write(`  ${line}\n`)
  const platform = await startPlatform({ store, instances: 4, dataFolder, port: 0, say })
  const control = await openControl(dataFolder, platform)
  const outcomes: string[] = []
  try {
    for (const trial of TRIALS) {
      process.stderr.write(`${store}: ${trial.name}\n`)
      const report = await drill(platform.url, '--demo-data', dataFolder, ...trial.drill.split(' '))
      const problem = report.scenarios.find((record) => record.problem !== undefined)?.problem
      if (problem !== undefined) throw new Error(`${store}: ${trial.name}: ${problem}`)
      process.stderr.write(`  ${report.sentence}\n`)
      outcomes.push(trial.outcome(report))
    }
  } finally {
    control.close()
    await platform.stop()
    rmSync(dataFolder, { recursive: true })
  }
  return outcomes
}

const columns: string[][] = []
for (const store of STORES) columns.push(await tryStore(store))
const rows = TRIALS.map(({ name }, row) => [name, ...columns.map((outcomes) => outcomes[row] ?? '')])
for (const cells of [['', ...STORES], ['', ...STORES].map(() => '---'), ...rows]) {
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}
