// Set-ups side by side: in each round each of them in turn, so that a busy moment of the machine hits all alike.
//   npm run bench -- [--rounds 7] [--seconds 3] [--only exact,connect-redis-8] [--workloads visit,hot] [--node PATH]
//     [--json FILE] [--write]
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { chart } from './chart.js'
import { pins, pinThis } from './process.js'
import { startRedis } from './redis.js'
import { type Result, type Rounds, resultsOf, withPace } from './results.js'
import { BASE, SET_UPS, type SetUp } from './set-ups.js'
import { type Round, Subject } from './subject.js'
import { table } from './table.js'
import { WORKLOADS, type Workload } from './workloads.js'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: SET_UPS.map(({ name }) => name).join() },
    workloads: { type: 'string', default: WORKLOADS.map(({ name }) => name).join() },
    node: { type: 'string', default: 'bench/usual/node_modules/node/bin/node' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
// Of what the base can do: where no set-up has a queue of its own making.
const PACE = 0.5
const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)]
const setUps = SET_UPS.filter(({ name }) => name === BASE || options.only.split(',').includes(name))
const workloads = WORKLOADS.filter(({ name }) => options.workloads.split(',').includes(name))

pinThis()
const redis = await startRedis()
const subjects = await Promise.all(setUps.map((setUp) => Subject.start(setUp, options.node, redis)))
const loadBefore = loadavg()[0] ?? 0

const results: Result[] = []
for (const workload of workloads) {
  const measured = await measure(workload)
  results.push(...measured)
  console.log(`\n### ${workload.label}\n\n${table(measured)}`)
}
console.log(`\n${conditions()}`)
for (const { setUp, memory } of subjects) {
  console.log(`${setUp.label}: ${mib(memory.anonymous)} MiB of its own, ${mib(memory.peak)} at its highest`)
}
if (options.write) write()
if (options.json) writeFileSync(options.json, JSON.stringify(results))
process.exit(0)

async function measure(workload: Workload): Promise<Result[]> {
  const able = subjects.filter(({ setUp }) => canDo(setUp, workload))
  for (const subject of able) {
    await subject.prepare(workload)
    // What a compiler and caches do in the first moments is not what is measured.
    await subject.round(workload, Math.min(seconds, 2))
  }
  const found = resultsOf(workload, await inTurn(able, workload))
  const most = found.find(({ setUp }) => setUp === BASE)?.rate.median
  if (!workload.paced || most === undefined) return found
  return withPace(found, resultsOf(workload, await inTurn(able, workload, most * PACE)))
}

async function inTurn(able: readonly Subject[], workload: Workload, rate?: number): Promise<Rounds> {
  const found = new Map<SetUp, Round[]>(able.map(({ setUp }) => [setUp, []]))
  for (let round = 0; round < rounds; round += 1) {
    const turn = round % able.length
    for (const subject of [...able.slice(turn), ...able.slice(0, turn)]) {
      found.get(subject.setUp)?.push(await subject.round(workload, seconds, rate))
    }
  }
  return found
}

function canDo(setUp: SetUp, { extra, name }: Workload): boolean {
  return !(setUp.closed && extra > 0) && !(setUp.sessionless && name === 'hot')
}

function conditions(): string {
  const pinned = pins
    ? 'the server on one, Redis and the load on the other'
    : 'not held on CPUs: expect more noise'
  return `${rounds} rounds of ${seconds} s, ${cpus().length} × ${cpus()[0]?.model.trim()} (${pinned}); load of the machine before: ${loadBefore.toFixed(2)}. Medians; in brackets the middle half of the rounds.${limits()}`
}

function limits(): string {
  const limited = subjects.filter(({ setUp }) => setUp.memory)
  return limited
    .map(({ setUp, held }) => {
      const how = held
        ? `in a cgroup, killed ${held.kills()} times`
        : 'no cgroup could be had: only its heap is so small'
      return ` ${setUp.label}: ${how}.`
    })
    .join('')
}

function write(): void {
  mkdirSync('docs/bench', { recursive: true })
  const sections = workloads.map(({ name, label }) => {
    const own = results.filter(({ workload }) => workload === name)
    return `### ${label}\n\n${table(own)}\n`
  })
  writeFileSync('docs/bench/results.md', `${conditions()}\n\n${sections.join('\n')}`)
  writeFileSync(
    'docs/bench/results.json',
    `${JSON.stringify({ conditions: conditions(), results }, undefined, 2)}\n`,
  )
  const visits = results.filter(({ workload }) => workload === 'visit')
  if (visits.length > 0)
    writeFileSync('docs/bench/visit.svg', chart('Returning visits a second, connect-redis 8 = 1', visits))
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
