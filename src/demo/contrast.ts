// `npm run contrast`: the same drill over the three stores on the local platform, as one table.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { grouped } from '../drill/books/anomaly.js'
import { drill } from '../drill/drill.js'
import type { Settings } from '../drill/options/table.js'
import type { Report } from '../drill/report/report.js'
import { localScenarios } from '../drill/scenarios/local.js'
import type { Scenario } from '../drill/scenarios/scenario.js'
import { type Platform, startPlatform } from './platform.js'

const STORES = ['memory', 'connect-redis', 'exact']

interface Trial {
  name: string
  plan: Partial<Settings>
  scenario?: (platform: Platform) => Scenario
  outcome(report: Report): string
}

const local = (name: string) => (platform: Platform) => {
  const [scenario] = localScenarios([name], platform)
  if (!scenario) throw new Error(name)
  return scenario
}

const scale = (platform: Platform): Scenario => ({
  name: 'scale',
  intent: 'scales the instances 4 → 1 → 8 → 4',
  async run() {
    for (const count of [1, 8, 4]) await platform.scale(count)
  },
})

const steady = { browsers: 20, burst: 1, rate: 200, destroy: 0 }
const TRIALS: readonly Trial[] = [
  { name: 'restart of all instances', plan: steady, scenario: local('restart'), outcome: losses },
  { name: 'scale 4 → 1 → 8 → 4', plan: steady, scenario: scale, outcome: losses },
  {
    name: '401 visits to one session, 50 at a time',
    plan: { browsers: 1, burst: 50, visits: 401, destroy: 0 },
    outcome: losses,
  },
  {
    name: 'destroyed with visits in flight',
    plan: { browsers: 20, visits: 20, destroyRounds: 5 },
    outcome: resurrections,
  },
  { name: 'Redis killed, back after 1 s', plan: steady, scenario: local('kill-redis'), outcome: losses },
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
  return destroyed ? `${destroyed.resurrected} of ${destroyed.judged} came back` : 'not tried'
}

async function tryStore(store: string): Promise<string[]> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'contrast-'))
  const say = (line: string) => process.stderr.write(`  ${line}\n`)
  const platform = await startPlatform({ store, instances: 4, dataFolder, port: 0, say })
  const outcomes: string[] = []
  try {
    for (const trial of TRIALS) {
      process.stderr.write(`${store}: ${trial.name}\n`)
      const scenarios = trial.scenario ? [trial.scenario(platform)] : []
      const report = await drill({ url: platform.url, seed: 1, ...trial.plan, scenarios })
      const problem = report.scenarios.find((record) => record.problem !== undefined)?.problem
      if (problem !== undefined) throw new Error(`${store}: ${trial.name}: ${problem}`)
      process.stderr.write(`  ${report.sentence}\n`)
      outcomes.push(trial.outcome(report))
    }
  } finally {
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
