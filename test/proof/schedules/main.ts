// Plays schedules of requests, lost connections, late commands, restarts… against the exact store on a real Redis:
//   npm run schedules -- [--minutes N] [--seed N [--path P]]
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { exitOnSignals } from '../../support/at-exit.js'
import { RedisServer } from '../../support/redis-server.js'
import { buildStore, explore } from './explore.js'

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, path: { type: 'string' } },
})
const minutes = Number(values.minutes ?? 1)
const seed = Number(values.seed ?? Date.now() % 100_000)
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('--minutes takes a number above 0, --seed a whole number')
  process.exit(78)
}
exitOnSignals()
const server = await RedisServer.start('--enable-debug-command', 'yes')
const redis = new Redis(server.port, '127.0.0.1')
const { schedules, ms, broken } = await explore(await buildStore(), redis, {
  ms: minutes * 60_000,
  seed,
  path: values.path,
})
redis.disconnect()
await server.stop()
console.log(
  `${schedules} schedules in ${Math.round(ms / 1000)} s (${Math.round((schedules / ms) * 60_000)} a minute), seed ${seed}`,
)
if (broken) {
  console.log(`broken: ${broken.why}`)
  for (const line of broken.trace) console.log(`  ${line}`)
  console.log(JSON.stringify(broken.schedule))
  console.log(`again: npm run schedules -- ${broken.replay}`)
  process.exitCode = 1
}
