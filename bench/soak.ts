// One instance as in the image, with visitors who come and go: does its memory stay where it is?
//   npm run bench -- soak [--minutes 60] [--rate 100] [--memory 64] [--node PATH] [--write]
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { lineChart } from './line-chart.js'
import { inMemoryOf } from './memory-limit.js'
import { nodeVersion, pinThis, usageOf } from './process.js'
import { startRedis } from './redis.js'
import { startServer } from './server.js'
import { ours } from './set-ups.js'
import { spreadOf } from './statistics.js'
import { type Tally, visitors } from './visitors.js'

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '100' },
    memory: { type: 'string', default: '64' },
    node: { type: 'string', default: 'bench/usual/node_modules/node/bin/node' },
    write: { type: 'boolean', default: false },
  },
})
const [minutes, rate, limit] = [Number(options.minutes), Number(options.rate), Number(options.memory)]
const SAMPLES = 120

const TTL_SECONDS = 60

/** What an instance had of its own after so many minutes, in MiB; and the sessions in Redis. */
interface Sample {
  readonly minute: number
  readonly anonymous: number
  readonly sessions: number
}

pinThis()
const redis = await startRedis()
const exact = ours('exact')
const { held, command, environment: heap } = inMemoryOf(limit, [options.node, exact.program])
const environment = {
  ...exact.environment,
  ...heap,
  REDIS_URL: redis.url,
  SESSION_TTL_SECONDS: `${TTL_SECONDS}`,
}
const { child, port } = await startServer(command, environment, '/readyz')
const url = `http://127.0.0.1:${port}`

const mib = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10
const samples: Sample[] = []
const tally: Tally = { answered: 0, failed: 0, failures: {}, wrong: 0, came: 0 }
const began = performance.now()
const sampling = setInterval(() => void sample(), (minutes * 60_000) / SAMPLES)
await Promise.race([
  visitors(url, rate, minutes * 60, tally),
  new Promise((_, reject) => child.once('exit', () => reject(new Error('the instance ended')))),
])
clearInterval(sampling)

const quarter = (n: number) => samples.slice((samples.length * (n - 1)) / 4, (samples.length * n) / 4)
const median = (of: readonly Sample[]) => spreadOf(of.map(({ anonymous }) => anonymous)).median
const result = {
  minutes,
  rate,
  held: held ? `a cgroup of ${limit} MiB` : `no cgroup but a heap as for ${limit} MiB`,
  environment: heap,
  node: nodeVersion(options.node),
  loadOfTheMachine: loadavg()[0],
  ...tally,
  cpuMicroseconds: Math.round((usageOf(child).cpu / tally.answered) * 1e6),
  /** MiB: of its own in the second and in the last quarter of the time; in all, with the files it shares, at its highest */
  secondQuarter: median(quarter(2)),
  lastQuarter: median(quarter(4)),
  peak: mib(usageOf(child).peak),
  /** MiB: what counts against the limit, at its highest; and how often the kernel had to kill */
  groupPeak: held && mib(held.peak()),
  kills: held?.kills(),
}
console.log(result)
if (options.write) {
  mkdirSync('docs/bench', { recursive: true })
  writeFileSync('docs/bench/soak.json', `${JSON.stringify({ ...result, samples }, undefined, 2)}\n`)
  const title = `MiB of an instance's own, ${rate} requests a second, in ${result.held}`
  const points = samples.map(({ minute, anonymous }) => [minute, anonymous] as const)
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => [share * minutes, `${share * minutes} min`] as const)
  writeFileSync('docs/bench/soak.svg', lineChart(title, [{ points }], { ticks, highest: limit }))
}
process.exit(tally.failed + tally.wrong > 0 ? 1 : 0)

async function sample(): Promise<void> {
  const minute = Math.round((performance.now() - began) / 600) / 100
  samples.push({ minute, anonymous: mib(usageOf(child).anonymous), sessions: await redis.client.dbsize() })
}
