// Changes the store's Lua scripts in one place at a time, and looks whether a schedule or a test notices:
//   npm run mutation:lua -- [--tests N] [--minutes N]
// Schedules are played for each mutant; of those that they miss, every so many-th is given to the tests, which take longer: N in all
// (default: all). What is found is added to dist/proof/lua-mutation.json, so that a run goes on where the last one ended.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { clearTimeout, setTimeout } from 'node:timers'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { RedisServer } from '../../support/redis-server.js'
import { buildStore, explore } from '../schedules/explore.js'
import { luaMutants, SCRIPTS_FILE, withMutant } from './lua-mutants.js'
import type { Mutant } from './mutate-lua.js'

/** A script takes less than a millisecond; one that is still running after this, in ms, never ends. */
const HANGS_AFTER_MS = 40_000
/** How many schedules are played for each mutant. */
const SCHEDULES = 250
/** The tests that may notice what the schedules don't, the quick ones first. */
const SUITES = [
  ['test/store/merge.test.ts', 'test/store/update.test.ts', 'test/store/store.test.ts'],
  ['test/store/update-on-load.test.ts', 'test/store/express.test.ts', 'test/store/durability.test.ts'],
]
const RESULTS = 'dist/proof/lua-mutation.json'

type Verdict = 'no Lua' | 'schedules' | 'missed by schedules' | 'tests' | 'survived'

const { values } = parseArgs({ options: { tests: { type: 'string' }, minutes: { type: 'string' } } })
const most = Number(values.tests ?? Number.POSITIVE_INFINITY)
const end = performance.now() + Number(values.minutes ?? Number.POSITIVE_INFINITY) * 60_000
const source = readFileSync(SCRIPTS_FILE, 'utf8')
const verdicts: Record<string, Verdict> = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {}
const server = await RedisServer.start('--enable-debug-command', 'yes')
let redis = connect()

const mutants = new Map(
  luaMutants().map((mutant) => [`${mutant.start} ${mutant.what} (${mutant.text})`, mutant]),
)
const isOpen = (verdict: Verdict | undefined) => verdict === undefined || verdict === 'missed by schedules'
for (const [name, mutant] of mutants) {
  if (performance.now() < end && verdicts[name] === undefined) note(name, await bySchedules(mutant))
}
redis.disconnect()
await server.stop()
const missed = [...mutants].filter(([name]) => !['no Lua', 'schedules'].includes(verdicts[name] ?? ''))
const step = Math.max(1, missed.length / most)
for (let i = 0; i < missed.length; i += step) {
  const [name, mutant] = missed[Math.floor(i)] ?? []
  if (name && mutant && performance.now() < end && isOpen(verdicts[name])) note(name, byTests(mutant))
}

const named = (verdict: Verdict) => [...mutants.keys()].filter((name) => verdicts[name] === verdict)
const [noticed, tested, survived] = [named('schedules'), named('tests'), named('survived')]
const valid = mutants.size - named('no Lua').length
console.log(
  `${valid} mutants: schedules notice ${noticed.length}; of ${tested.length + survived.length} others the tests notice ${tested.length}`,
)
for (const name of survived) console.log(`  survived: ${name}`)

function note(name: string, verdict: Verdict): void {
  verdicts[name] = verdict
  console.log(`${verdict}: ${name}`)
  writeFileSync(RESULTS, JSON.stringify(verdicts, undefined, 2))
}

/** @returns a client whose commands fail at once without a server. */
function connect(): Redis {
  const options = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false, retryStrategy: () => null }
  return new Redis(server.port, '127.0.0.1', options).on('error', () => {})
}

async function bySchedules(mutant: Mutant): Promise<Verdict> {
  const changed = withMutant(source, mutant)
  for (const [, lua = ''] of changed.matchAll(/lua: `([^`]*)`/g)) {
    const loaded = await redis.script('LOAD', lua.replace(/\\([\\`$])/g, '$1')).catch(() => undefined)
    if (loaded === undefined) return 'no Lua'
  }
  const Store = await buildStore((path, text) => (path.endsWith(SCRIPTS_FILE) ? changed : text))
  const limits = { ms: HANGS_AFTER_MS * 2, most: SCHEDULES, seed: 1, shrink: false }
  // Not the timers that schedules take the place of.
  const watchdog = setTimeout(() => server.kill(), HANGS_AFTER_MS)
  const { broken } = await explore(Store, redis, limits)
  clearTimeout(watchdog)
  // A script that never ends has been ended with its server; its client made its timers while others had taken their place.
  if ((await redis.ping().catch(() => undefined)) !== 'PONG') {
    redis.disconnect()
    await server.start()
    redis = connect()
  }
  return broken ? 'schedules' : 'missed by schedules'
}

function byTests(mutant: Mutant): Verdict {
  for (const suite of SUITES) {
    const args = ['vitest', 'run', '--config', 'vitest.mutation.config.ts', '--bail', '1', ...suite]
    const env = { ...process.env, LUA_MUTANT: JSON.stringify(mutant) }
    const { status } = spawnSync('npx', args, { env, stdio: 'ignore' })
    if (status !== 0) return 'tests'
  }
  return 'survived'
}
