// What each durability costs: visits of one store to three Redis and three Sentinels on this machine, in turns.
//   npm run bench:durability -- [--rounds 5] [--seconds 4]      (REDIS_SERVER: another server; `disk` takes 7.2 or later)
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { connectRedis } from '../src/redis/connect.js'
import { type DurabilityOption, ExactRedisStore } from '../src/stores/exact/index.js'
import { COUNTED, visitOf } from '../src/visit/count-visit.js'
import { newSession } from '../test/stores/exact/requests.js'
import { RedisSentinels } from '../test/support/redis-sentinels.js'
import { quantile, spreadOf } from './statistics.js'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '4' } },
})
const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)]
const DEADLINE_MS = 5_000
const SESSIONS = 64
const MODES: readonly [string, DurabilityOption][] = [
  ['primary', 'primary'],
  ['replicas:1', { waitReplicas: 1 }],
  ['replicas:2', { waitReplicas: 2 }],
  ['disk', { local: true }],
]

const redis = await RedisSentinels.start()
const visit = visitOf({ id: 'redissessions-6d5f7c9b4-abcde', index: 2 })
const opened = MODES.map(([name, durability]) => {
  const client = connectRedis(redis.settings, { deadlineMs: DEADLINE_MS, offlineQueue: false }).on(
    'error',
    () => {},
  )
  const store = new ExactRedisStore({ client, durability, deadlineMs: DEADLINE_MS, ...COUNTED })
  return { name, client, store, perSecond: [] as number[], alone: [] as number[], able: true }
})
try {
  for (const mode of opened) {
    mode.able = await mode.store.check().then(
      () => true,
      () => false,
    )
    if (mode.able)
      await Promise.all(ids(mode.name).map((sid) => mode.store.commit(newSession(mode.store, sid))))
  }
  const able = opened.filter((mode) => mode.able)
  for (let round = 0; round <= rounds; round += 1) {
    for (const mode of able) {
      const { done } = await visits(mode, SESSIONS)
      const { took } = await visits(mode, 1)
      // The first warms up.
      if (round === 0) continue
      mode.perSecond.push(done / seconds)
      mode.alone.push(
        quantile(
          took.sort((a, b) => a - b),
          0.5,
        ),
      )
    }
  }
  console.log(`${rounds} rounds of ${seconds} s, load ${loadavg()[0]?.toFixed(1)}`)
  console.log(`| durability | visits/s, ${SESSIONS} at a time | one at a time, ms |`)
  console.log('| --- | ---: | ---: |')
  for (const { name, perSecond, alone } of able) {
    const [many, one] = [spreadOf(perSecond), spreadOf(alone)]
    const whole = [many.median, many.low, many.high].map((value) => Math.round(value).toLocaleString('en'))
    console.log(
      `| \`${name}\` | ${whole[0]} (${whole[1]} to ${whole[2]}) | ${one.median.toFixed(2)} (${one.low.toFixed(2)} to ${one.high.toFixed(2)}) |`,
    )
  }
} finally {
  await redis.stop()
}
process.exit(0)

function ids(name: string): string[] {
  return Array.from({ length: SESSIONS }, (_, i) => `${name} ${i}`)
}

/** Visits so many sessions for a while, each one after the other. @returns how many, and how long each took, in ms. */
async function visits({ name, store }: (typeof opened)[number], sessions: number) {
  const over = performance.now() + seconds * 1_000
  const took: number[] = []
  const lane = async (sid: string) => {
    while (performance.now() < over) {
      const began = performance.now()
      if (!(await store.update(sid, visit))) throw new Error(`no session ${sid}`)
      took.push(performance.now() - began)
    }
  }
  await Promise.all(ids(name).slice(0, sessions).map(lane))
  return { done: took.length, took }
}
