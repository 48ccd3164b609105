// More instances at one Redis: what a visit costs each process, and which of them has no more to give first.
//   npm run bench -- scaling [--instances 1,2,3,4,6,8] [--connections 32,256] [--rounds 3] [--seconds 2] [--share 0.1]
//     [--node PATH] [--write]
// First with all the CPU that there is, which two cores soon haven't; then each process with the same small share of a core,
// so that there is one for all of them, as on a machine of many cores but slower.
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type CpuLimit, cpuLimit } from './cpu-limit.js'
import { load } from './load.js'
import { pins, pinThis, usageOf } from './process.js'
import { startRedis } from './redis.js'
import { type Round, type Step, stepOf, table, write } from './scaling-steps.js'
import { type Server, startServer } from './server.js'
import { ours } from './set-ups.js'

const { values: options } = parseArgs({
  options: {
    instances: { type: 'string', default: '1,2,3,4,6,8' },
    connections: { type: 'string', default: '32,256' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    share: { type: 'string', default: '0.1' },
    node: { type: 'string', default: 'bench/usual/node_modules/node/bin/node' },
    write: { type: 'boolean', default: false },
  },
})
const counts = options.instances.split(',').map(Number)
const connections = options.connections.split(',').map(Number)
const [rounds, seconds, share] = [Number(options.rounds), Number(options.seconds), Number(options.share)]
const SESSIONS = 1_000
const WARM_SECONDS = 8

pinThis()
const limits: CpuLimit[] = []
const redis = await startRedis(limited)
const servers: Server[] = []
for (let index = 0; index < Math.max(...counts); index += 1) servers.push(await startInstance(index))
let cookies = await visitors()
const loadBefore = loadavg()[0] ?? 0
// Until each session has its full trail, and the mark of each instance.
for (let i = 0; i < servers.length; i += 1) await round(servers.length, 32, WARM_SECONDS / servers.length)

const unlimited = await steps(connections, undefined)
for (const limit of limits) limit.set(share)
const limitedSteps = limits.length > 0 ? await steps([Math.max(...connections)], share) : []
const parts = [
  { title: 'With all the CPU that there is', steps: unlimited },
  { title: `Each process with ${share} of a core`, steps: limitedSteps },
]
for (const { title, steps } of parts) console.log(`\n### ${title}\n\n${table(steps)}`)
console.log(`\n${conditions()}`)
if (options.write) write(conditions(), parts)
process.exit(0)

function limited(command: readonly string[]): readonly string[] {
  const limit = cpuLimit()
  if (!limit) return command
  limits.push(limit)
  return limit.group.inside(command)
}

function startInstance(index: number): Promise<Server> {
  const { program, environment } = ours('exact')
  const own = { ...environment, REDIS_URL: redis.url, CF_INSTANCE_INDEX: `${index}` }
  return startServer(limited([options.node, program]), own, '/readyz')
}

async function visitors(): Promise<string[]> {
  const cookieOf = async () => {
    const { headers } = await fetch(`http://127.0.0.1:${servers[0]?.port}/`)
    return headers.get('set-cookie')?.split(';')[0] ?? ''
  }
  const found: string[] = []
  while (found.length < SESSIONS) found.push(...(await Promise.all(Array.from({ length: 20 }, cookieOf))))
  return found
}

/** In each round each number of instances in turn, so that a busy moment of the machine hits all alike. */
async function steps(connectionCounts: readonly number[], each: number | undefined): Promise<Step[]> {
  const kinds = connectionCounts.flatMap((number) =>
    counts.map((instances) => ({ instances, connections: number, share: each, found: [] as Round[] })),
  )
  for (let i = 0; i < rounds; i += 1) {
    for (const kind of kinds) kind.found.push(await round(kind.instances, kind.connections, seconds))
  }
  return kinds.map(({ found, ...kind }) => ({ ...kind, ...stepOf(found) }))
}

async function round(instances: number, number: number, time: number): Promise<Round> {
  const asked = servers.slice(0, instances)
  // Each session is at another connection, so at another instance, than in the round before.
  cookies = [...cookies.slice(1), ...cookies.slice(0, 1)]
  const used = async () => ({
    instances: asked.reduce((sum, { child }) => sum + usageOf(child).cpu, 0),
    redis: (await redis.usage()).cpu,
    load: process.cpuUsage().user + process.cpuUsage().system,
  })
  const ports = asked.map(({ port }) => port)
  const before = await used()
  const result = await load({ ports, path: '/', cookies, connections: number, seconds: time })
  const after = await used()
  const requests = result.answered + result.failed
  const [ofInstances, ofRedis] = [after.instances - before.instances, after.redis - before.redis]
  return {
    rate: requests / result.seconds,
    p99: result.p99,
    instanceCpu: (ofInstances / requests) * 1e6,
    redisCpu: (ofRedis / requests) * 1e6,
    loadCpu: (after.load - before.load) / requests,
    redisCores: ofRedis / result.seconds,
    instanceCores: ofInstances / result.seconds / instances,
    failed: result.failed,
  }
}

function conditions(): string {
  return `${rounds} rounds of ${seconds} s each, ${SESSIONS.toLocaleString('en')} sessions that have been on all ${servers.length} instances; ${cpus().length} × ${cpus()[0]?.model.trim()}, ${pins ? 'the instances on one, Redis and the load on the other' : 'not held on CPUs'}; load of the machine before: ${loadBefore.toFixed(2)}. Medians.`
}
