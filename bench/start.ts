// From start to ready: set-ups in turn, each in a new process, until it answers. Ours is ready once it has heard from Redis.
//   npm run bench -- start [--rounds 20] [--only exact,bare] [--node PATH]
import { parseArgs } from 'node:util'
import { pinThis, usageOf } from './process.js'
import { startRedis } from './redis.js'
import { endServer, startServer } from './server.js'
import { SET_UPS } from './set-ups.js'
import { spreadOf } from './statistics.js'
import { markdown, spread } from './table.js'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    only: { type: 'string', default: 'bare,connect-redis-8,connect-redis-10-node-redis-5,exact' },
    node: { type: 'string', default: 'bench/usual/node_modules/node/bin/node' },
  },
})

pinThis()
const redis = await startRedis()
const setUps = SET_UPS.filter(({ name, memory }) => options.only.split(',').includes(name) && !memory)
const starts = setUps.map(({ label, program, environment }) => ({
  label,
  command: [options.node, program],
  environment: { ...environment, REDIS_URL: redis.url },
  path: 'SESSION_STORE' in environment ? '/readyz' : '/',
  ms: [] as number[],
  cpu: [] as number[],
}))
for (let round = 0; round < Number(options.rounds); round += 1) {
  for (const { command, environment, path, ms, cpu } of starts) {
    const began = performance.now()
    const server = await startServer(command, environment, path)
    ms.push(performance.now() - began)
    cpu.push(usageOf(server.child).cpu * 1000)
    await endServer(server)
  }
}
const rows = starts.map(({ label, ms, cpu }) => [
  label,
  spread(spreadOf(ms), 0),
  spreadOf(cpu).median.toFixed(0),
])
console.log(markdown(['set-up', 'ready after ms', 'CPU ms'], rows))
process.exit(0)
