// More instances at one Redis: what a visit costs each process, and which of them has no more to give first.
//   npm run bench -- scaling [--instances 1,2,3,4,6,7,8,10] [--connections 32,256] [--rounds 3] [--seconds 2] [--share 0.1]
//     [--against connect-redis-8,connect-redis-10-node-redis-5] [--primaries 3] [--redis-share 0.03] [--node PATH] [--write]
// First our counter with all the CPU that there is, which two cores soon haven't. Then each process with the same small share of
// a core, so that there is one for all of them, as on a machine of many cores but slower: our counter, and what it is compared
// with. Last, only the Redis servers with so little that they are the limit: one of them, and a Cluster (--primaries 1 for none).
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { Fleet } from './fleet.js'
import { pins, pinThis } from './process.js'
import { type Part, type Round, stepOf, table, write } from './scaling-steps.js'
import { ours, SET_UPS, type SetUp } from './set-ups.js'

const { values: options } = parseArgs({
  options: {
    instances: { type: 'string', default: '1,2,3,4,6,7,8,10' },
    connections: { type: 'string', default: '32,256' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    share: { type: 'string', default: '0.1' },
    against: { type: 'string', default: 'connect-redis-8,connect-redis-10-node-redis-5' },
    primaries: { type: 'string', default: '3' },
    'redis-share': { type: 'string', default: '0.03' },
    node: { type: 'string', default: 'bench/usual/node_modules/node/bin/node' },
    write: { type: 'boolean', default: false },
  },
})
const counts = options.instances.split(',').map(Number)
const connections = options.connections.split(',').map(Number)
const [rounds, seconds, share] = [Number(options.rounds), Number(options.seconds), Number(options.share)]
const [most, primaries] = [Math.max(...counts), Number(options.primaries)]
const redisShare = Number(options['redis-share'])
const SESSIONS = 1_000
const WARM_SECONDS = 40
const WARM_AGAIN_SECONDS = 10
// More than one Redis with its small share can answer, and no more than a small machine can run.
const BEFORE_A_CLUSTER = 3

/** A fleet with so many connections to it in all, and what is found of it. */
interface Run {
  readonly name: string
  readonly fleet: Fleet
  readonly connections: number
}

pinThis()
const loadBefore = loadavg()[0] ?? 0
const exact = await startFleet(ours('exact'), 1)
const everyConnection = connections.map((number) => ({ name: 'exact', fleet: exact, connections: number }))
const unlimited = await measured(everyConnection, counts)
const parts: Part[] = [
  { title: 'With all the CPU that there is', name: 'exact', steps: unlimited.flatMap(({ steps }) => steps) },
]
if (exact.limit({ instances: share, redis: share })) {
  const runs = [runOf('exact', exact)]
  for (const name of options.against.split(',').filter(Boolean)) {
    const fleet = await startFleet(setUp(name), 1)
    fleet.limit({ instances: share, redis: share })
    runs.push(runOf(name, fleet))
  }
  for (const { name, steps } of await measured(runs, counts, share))
    parts.push({ title: `Each process with ${share} of a core: ${name}`, name, steps })
}
if (primaries > 1 && exact.limit({ redis: redisShare })) {
  const cluster = await startFleet(ours('exact'), primaries)
  cluster.limit({ redis: redisShare })
  // Over as many, for both, as keep each server of the Cluster busy.
  const runs = [runOf('one Redis', exact, primaries), runOf(`a Cluster of ${primaries}`, cluster, primaries)]
  for (const { name, steps } of await measured(runs, [Math.min(BEFORE_A_CLUSTER, most)]))
    parts.push({ title: `Each Redis server with ${redisShare} of a core: ${name}`, name, steps })
}
for (const { title, steps } of parts) console.log(`\n### ${title}\n\n${table(steps)}`)
console.log(`\n${conditions()}`)
if (options.write) write(conditions(), parts)
process.exit(0)

function setUp(wanted: string): SetUp {
  const found = SET_UPS.find(({ name }) => name === wanted)
  if (!found) throw new TypeError(`--against takes ${SET_UPS.map(({ name }) => name).join(', ')}`)
  return found
}

/** Returns when each session has its full trail, and the mark of each instance. */
async function startFleet(of: SetUp, nodes: number): Promise<Fleet> {
  const fleet = await Fleet.start({
    setUp: of,
    instances: most,
    primaries: nodes,
    sessions: SESSIONS,
    node: options.node,
  })
  for (let i = 0; i < most; i += 1) await fleet.round(most, 32, WARM_SECONDS / most)
  return fleet
}

function runOf(name: string, fleet: Fleet, servers = 1): Run {
  return { name, fleet, connections: Math.max(...connections) * servers }
}

/** In each round each fleet with each number of instances in turn, so that a busy moment of the machine hits all alike. */
async function measured(runs: readonly Run[], numbers: readonly number[], each?: number) {
  // While others were measured, V8 has dropped what it had compiled.
  for (const run of runs) await run.fleet.round(Math.max(...numbers), run.connections, WARM_AGAIN_SECONDS)
  const kinds = runs.map((run) => ({
    ...run,
    kinds: numbers.map((instances) => ({ instances, found: [] as Round[] })),
  }))
  for (let i = 0; i < rounds; i += 1) {
    for (const run of kinds) {
      for (const { instances, found } of run.kinds)
        found.push(await run.fleet.round(instances, run.connections, seconds))
    }
  }
  return kinds.map(({ name, connections: number, kinds: steps }) => ({
    name,
    steps: steps.map(({ instances, found }) => ({
      instances,
      connections: number,
      share: each,
      ...stepOf(found),
    })),
  }))
}

function conditions(): string {
  return `${rounds} rounds of ${seconds} s each, ${SESSIONS.toLocaleString('en')} sessions that have been on all ${most} instances; ${cpus().length} × ${cpus()[0]?.model.trim()}, ${pins ? 'the instances on one, Redis and the load on the other' : 'not held on CPUs'}; load of the machine before: ${loadBefore.toFixed(2)}. Medians.`
}
