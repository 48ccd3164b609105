// What each durability costs a visit: one store, three Redis and three Sentinels on this machine, in turns.
//   npm run bench -- durability [--rounds 5] [--seconds 3]      (REDIS_SERVER: another server; `disk` takes 7.2 or later)
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { connectRedis } from '../src/counter/redis/connect.js'
import { COUNTED, visitOf } from '../src/counter/visit/count-visit.js'
import { type DurabilityOption, ExactRedisStore } from '../src/store/index.js'
import { newSession } from '../test/store/requests.js'
import { RedisSentinels } from '../test/support/redis-sentinels.js'
import { quantile, spreadOf } from './statistics.js'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' } },
})
const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)]
const DEADLINE_MS = 5_000
const SESSIONS = 64
const MODES: readonly [string, DurabilityOption][] = [
  ['primary', 'primary'],
  ['replicas:1', { replicas: 1 }],
  ['replicas:2', { replicas: 2 }],
  ['disk', 'disk'],
]

/** A durability, and what its rounds came to. */
class Mode {
  readonly name: string
  readonly store: ExactRedisStore
  readonly aloneMs: number[] = []
  readonly perSecond: number[] = []
  readonly storeUs: number[] = []
  readonly primaryUs: number[] = []

  constructor(name: string, durability: DurabilityOption) {
    const client = connectRedis(redis.settings, { deadlineMs: DEADLINE_MS, offlineQueue: false })
    client.on('error', () => {})
    this.name = name
    this.store = new ExactRedisStore({ client, durability, deadlineMs: DEADLINE_MS, ...COUNTED })
  }

  get ids(): string[] {
    return Array.from({ length: SESSIONS }, (_, i) => `${this.name} ${i}`)
  }

  async round(): Promise<void> {
    const before = await cpu()
    const { length: visits } = await this.#visits(SESSIONS)
    const after = await cpu()
    this.perSecond.push(visits / seconds)
    this.storeUs.push((after.store - before.store) / visits)
    this.primaryUs.push((after.primary - before.primary) / visits)
    const alone = await this.#visits(1)
    this.aloneMs.push(
      quantile(
        alone.sort((a, b) => a - b),
        0.5,
      ),
    )
  }

  /** Visits so many sessions for a while, each one after the other. @returns how long each visit took, in ms. */
  async #visits(sessions: number): Promise<number[]> {
    const over = performance.now() + seconds * 1_000
    const took: number[] = []
    const lane = async (sid: string) => {
      while (performance.now() < over) {
        const began = performance.now()
        if (!(await this.store.update(sid, VISIT))) throw new Error(`no session ${sid}`)
        took.push(performance.now() - began)
      }
    }
    await Promise.all(this.ids.slice(0, sessions).map(lane))
    return took
  }
}

const VISIT = visitOf({ id: 'redissessions-6d5f7c9b4-abcde', index: 2 })
const redis = await RedisSentinels.start()
const { client: primary } = await redis.primary()
try {
  const able: Mode[] = []
  for (const mode of MODES.map(([name, durability]) => new Mode(name, durability))) {
    const can = await mode.store.check().then(
      () => true,
      () => false,
    )
    if (!can) continue
    able.push(mode)
    await Promise.all(mode.ids.map((sid) => mode.store.commit(newSession(mode.store, sid))))
  }
  for (let round = 0; round <= rounds; round += 1) for (const mode of able) await mode.round()
  console.log(
    `${rounds} rounds of ${seconds} s, load ${loadavg()[0]?.toFixed(1)}: medians, and the middle halves`,
  )
  console.log(
    '| durability | one at a time, ms | CPU of the store, µs | of the primary, µs | 64 at a time, visits/s |',
  )
  console.log('| --- | ---: | ---: | ---: | ---: |')
  for (const { name, aloneMs, storeUs, primaryUs, perSecond } of able) {
    const cells = [figure(aloneMs, 2), figure(storeUs, 0), figure(primaryUs, 0), figure(perSecond, 0)]
    console.log(`| \`${name}\` | ${cells.join(' | ')} |`)
  }
} finally {
  await redis.stop()
}
process.exit(0)

/** @param values of each round; the first one warmed up. */
function figure(values: readonly number[], digits: number): string {
  const { median, low, high } = spreadOf(values.slice(1))
  const [middle, ...half] = [median, low, high].map((value) => value.toFixed(digits))
  return `${middle} (${half.join(' to ')})`
}

/** @returns µs of CPU that this process and the primary have used so far. */
async function cpu(): Promise<{ store: number; primary: number }> {
  const { user, system } = process.cpuUsage()
  const used = (await primary.info('cpu')).matchAll(/^used_cpu_(?:sys|user):(.*)$/gm)
  return { store: user + system, primary: [...used].reduce((sum, [, s]) => sum + Number(s) * 1e6, 0) }
}
