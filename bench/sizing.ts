// What sessions take in Redis, and whether loading one takes longer among many. A million take 1.7 GB and some minutes.
//   npm run bench -- sizing [--sessions 1000,10000,100000,1000000] [--write]
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { COUNTED, countVisit } from '../src/counter/visit/count-visit.js'
import { ExactRedisStore } from '../src/store/index.js'
import { lineChart } from './line-chart.js'
import { pinThis, SERVER_CPU } from './process.js'
import { startRedis, versionOf } from './redis.js'
import { quantile } from './statistics.js'
import { markdown } from './table.js'

const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '1000,10000,100000,1000000' },
    write: { type: 'boolean', default: false },
  },
})
const LOADS = 5_000
// What a compiler does in the first moments is not what is measured.
const WARM = 2_000
const VISITS = 25
const AT_ONCE = 500

interface Size {
  readonly sessions: number
  /** bytes of each, keys and all */
  readonly bytes: number
  /** MB of Redis, with what it has not given back to the system */
  readonly resident: number
  /** µs until a load is answered when nothing else is asked: half of them, and all but one of a hundred */
  readonly p50: number
  readonly p99: number
  /** µs that Redis works on one */
  readonly redis: number
}

pinThis(SERVER_CPU)
const { client } = await startRedis()
const store = new ExactRedisStore({ client, ...COUNTED })
const instance = { id: 'redissessions-6d5f7c9b4-abcde', index: 2 }
const session = visited()
const empty = await info('memory', 'used_memory')
const loadBefore = loadavg()[0] ?? 0

const sizes: Size[] = []
let made = 0
for (const wanted of options.sessions.split(',').map(Number)) {
  while (made < wanted) {
    const first = made
    made = Math.min(wanted, made + AT_ONCE)
    await Promise.all(Array.from({ length: made - first }, (_, i) => store.set(`${first + i}`, session)))
  }
  const bytes = Math.round(((await info('memory', 'used_memory')) - empty) / made)
  const resident = Math.round((await info('memory', 'used_memory_rss')) / 1e6)
  sizes.push({ sessions: made, bytes, resident, ...(await loads()) })
}
const rows = sizes.map(({ sessions, bytes, resident, p50, p99, redis }) =>
  [sessions, bytes, resident, p50, p99, redis].map((number) => number.toLocaleString('en')),
)
const names = ['sessions', 'bytes each', 'MB in all', 'µs to load one: p50', 'p99', 'µs of Redis for it']
const conditions = `Sessions with a full trail; ${LOADS.toLocaleString('en')} loads, one after the other, of sessions at random; Redis ${await versionOf(client)}, ${cpus().length} × ${cpus()[0]?.model.trim()}; load of the machine before: ${loadBefore.toFixed(2)}.`
const table = `${conditions}\n\n${markdown(names, rows)}\n`
console.log(table)
if (options.write) write()
process.exit(0)

/** A session with a full trail. */
function visited(): Parameters<typeof store.set>[1] {
  const cookie = { originalMaxAge: null, path: '/', httpOnly: true, sameSite: 'lax', secure: false }
  const session = { cookie } as unknown as Parameters<typeof store.set>[1]
  for (let visit = 0; visit < VISITS; visit += 1) countVisit(session, instance)
  return session
}

async function loads(): Promise<Pick<Size, 'p50' | 'p99' | 'redis'>> {
  const times: number[] = []
  for (let done = -WARM; done < LOADS; done += 1) {
    if (done === 0) await client.config('RESETSTAT')
    const sid = `${Math.floor(Math.random() * made)}`
    const since = performance.now()
    if (!(await store.get(sid))) throw new Error(`session ${sid} is not there`)
    if (done >= 0) times.push((performance.now() - since) * 1000)
  }
  const sorted = Float64Array.from(times).sort()
  const redis = await info('commandstats', 'cmdstat_evalsha:.*usec_per_call=', '')
  return { p50: Math.round(quantile(sorted, 0.5)), p99: Math.round(quantile(sorted, 0.99)), redis }
}

async function info(section: string, name: string, separator = ':'): Promise<number> {
  return Number(new RegExp(`^${name}${separator}([\\d.]+)`, 'm').exec(await client.info(section))?.[1])
}

function write(): void {
  mkdirSync('docs/bench', { recursive: true })
  writeFileSync('docs/bench/sizing.md', table)
  writeFileSync('docs/bench/sizing.json', `${JSON.stringify({ conditions, sizes }, undefined, 2)}\n`)
  const ticks = sizes.map(({ sessions }) => [Math.log10(sessions), sessions.toLocaleString('en')] as const)
  const points = (value: (size: Size) => number) =>
    sizes.map((size) => [Math.log10(size.sessions), value(size)] as const)
  const bytes = [{ points: points((size) => size.bytes) }]
  writeFileSync(
    'docs/bench/sizing.svg',
    lineChart('Bytes of Redis for a session, by sessions', bytes, { ticks, highest: 2_000 }),
  )
  const times = [
    { name: 'until answered', points: points(({ p50 }) => p50) },
    { name: 'of Redis', points: points(({ redis }) => redis) },
  ]
  const highest = Math.ceil(Math.max(...sizes.map(({ p50 }) => p50)) / 100) * 100
  writeFileSync(
    'docs/bench/sizing-load.svg',
    lineChart('µs to load a session (median), by sessions', times, { ticks, highest }),
  )
}
