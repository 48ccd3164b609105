// What sessions take in Redis, and whether loading one takes longer among many.
//   npm run bench:sizing -- [--sessions 1000,10000,100000,1000000]
import { parseArgs } from 'node:util'
import { ExactRedisStore } from '../src/stores/exact/index.js'
import { COUNTED, countVisit } from '../src/visit/count-visit.js'
import { startRedis } from './redis.js'

const { values: options } = parseArgs({
  options: { sessions: { type: 'string', default: '1000,10000,100000,1000000' } },
})
const LOADS = 5_000
const VISITS = 25
const AT_ONCE = 500

const { client } = await startRedis()
const store = new ExactRedisStore({ client, ...COUNTED })
const instance = { id: 'redissessions-6d5f7c9b4-abcde', index: 2 }
const cookie = { originalMaxAge: null, path: '/', httpOnly: true, sameSite: 'lax', secure: false }

const memory = async () => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1])
const empty = await memory()
let made = 0

console.log('| sessions | bytes a session | µs of Redis to load one |')
console.log('| ---: | ---: | ---: |')
for (const wanted of options.sessions.split(',').map(Number)) {
  while (made < wanted) {
    const first = made
    made = Math.min(wanted, made + AT_ONCE)
    await Promise.all(Array.from({ length: made - first }, (_, i) => store.set(`${first + i}`, visited())))
  }
  const bytes = Math.round(((await memory()) - empty) / made)
  const load = await microseconds((sid) => store.get(sid))
  console.log(`| ${made.toLocaleString('en')} | ${bytes.toLocaleString('en')} | ${load} |`)
}
process.exit(0)

/** A session with a full trail. */
function visited(): Parameters<typeof store.set>[1] {
  const session = { cookie } as unknown as Parameters<typeof store.set>[1]
  for (let visit = 0; visit < VISITS; visit += 1) countVisit(session, instance)
  return session
}

/** µs that Redis takes for one, on sessions at random. */
async function microseconds(work: (sid: string) => Promise<unknown>): Promise<string> {
  await client.config('RESETSTAT')
  for (let done = 0; done < LOADS; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => work(`${Math.floor(Math.random() * made)}`)))
  }
  const stats = await client.info('commandstats')
  return /cmdstat_evalsha:.*usec_per_call=([\d.]+)/.exec(stats)?.[1] ?? ''
}
