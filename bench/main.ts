// Set-ups side by side: in each round each of them in turn, so that a busy moment of the machine hits all alike.
//   npm run bench -- [--starts 3] [--rounds 7] [--seconds 1] [--only exact,connect-redis-8] [--workloads visit,hot] [--node PATH]
//     [--json FILE] [--write]
//   npm run bench -- quick      two minutes: whether a change moved the CPU of a visit, the app's or Redis'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { nodeVersion, pins, pinThis } from './process.js'
import { startRedis, versionOf } from './redis.js'
import { type Run, resultsOf, withPace } from './results.js'
import { BASE, SET_UPS, type SetUp } from './set-ups.js'
import { spreadOf } from './statistics.js'
import { type Memory, type Round, Subject } from './subject.js'
import { table } from './table.js'
import { WORKLOADS, type Workload } from './workloads.js'

const QUICK = {
  starts: '2',
  rounds: '5',
  seconds: '0.5',
  only: 'our-store,our-store-node-redis-5,connect-redis-10-node-redis-5,exact',
  workloads: 'visit,read',
  pace: false,
}
const LONG = {
  starts: '3',
  rounds: '7',
  seconds: '1',
  only: SET_UPS.map(({ name }) => name).join(),
  workloads: WORKLOADS.map(({ name }) => name).join(),
  pace: true,
}
const defaults = process.argv[2] === 'quick' ? QUICK : LONG
const { values: options } = parseArgs({
  args: process.argv.slice(defaults === QUICK ? 3 : 2),
  options: {
    starts: { type: 'string', default: defaults.starts },
    rounds: { type: 'string', default: defaults.rounds },
    seconds: { type: 'string', default: defaults.seconds },
    only: { type: 'string', default: defaults.only },
    workloads: { type: 'string', default: defaults.workloads },
    node: { type: 'string', default: 'bench/usual/node_modules/node/bin/node' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
// Of what the base can do: where no set-up has a queue of its own making.
const PACE = 0.5
const WARM_UP_SECONDS = 2
// In less, a round has one collection of garbage or none, and p99 is by chance that one or not.
const PACED_SECONDS_AT_LEAST = 1
const [starts, rounds, seconds] = [Number(options.starts), Number(options.rounds), Number(options.seconds)]
const pacedSeconds = Math.max(seconds, PACED_SECONDS_AT_LEAST)
const setUps = SET_UPS.filter(({ name }) => name === BASE || options.only.split(',').includes(name))
const workloads = WORKLOADS.filter(({ name }) => options.workloads.split(',').includes(name))

pinThis()
const redis = await startRedis()
// Figures without the day, and what was measured, can't be compared with others.
const versions = `${new Date().toISOString().slice(0, 10)}: RedisSessions ${ownVersion()}, Node ${nodeVersion(options.node).slice(1)}, Redis ${await versionOf(redis.client)}.`
const loadBefore = loadavg()[0] ?? 0
const memory = new Map<SetUp, Memory>()
const runs: { workload: Workload; most: Map<SetUp, Run>; paced: Map<SetUp, Run> }[] = workloads.map(
  (workload) => ({ workload, most: new Map(), paced: new Map() }),
)
for (let start = 0; start < starts; start += 1) await measure()

const results = runs.flatMap(({ workload, most, paced }) =>
  withPace(resultsOf(workload, most), resultsOf(workload, paced)),
)
for (const { name, label } of workloads) console.log(`\n### ${label}\n\n${tableOf(name)}`)
console.log(`\n${conditions()}`)
for (const [{ label }, { anonymous, peak }] of memory)
  console.log(`${label}: ${mib(anonymous)} MiB of its own, ${mib(peak)} at its highest`)
if (options.write) write()
if (options.json) writeFileSync(options.json, JSON.stringify(results))
process.exit(0)

/** Measures each set-up in a process of its own: what a compiler makes of a program differs from one start to the next. */
async function measure(): Promise<void> {
  const subjects = await Promise.all(setUps.map((setUp) => Subject.start(setUp, options.node, redis)))
  for (const { workload, most, paced } of runs) {
    const able = subjects.filter(({ setUp }) => canDo(setUp, workload))
    for (const subject of able) await subject.prepare(workload)
    await inTurn(able, workload, most)
    const base = [...most].find(([{ name }]) => name === BASE)?.[1].rounds.slice(-rounds) ?? []
    if (workload.paced && defaults.pace)
      await inTurn(able, workload, paced, spreadOf(base.map(({ rate }) => rate)).median * PACE)
  }
  for (const { setUp, memory: own } of subjects) {
    const { anonymous = 0, peak = 0, kills = 0 } = memory.get(setUp) ?? {}
    memory.set(setUp, {
      anonymous: Math.max(own.anonymous, anonymous),
      peak: Math.max(own.peak, peak),
      kills: own.kills === undefined ? undefined : own.kills + kills,
    })
  }
  await Promise.all(subjects.map((subject) => subject.stop()))
  await redis.client.flushall()
}

async function inTurn(
  able: readonly Subject[],
  workload: Workload,
  found: Map<SetUp, Run>,
  rate?: number,
): Promise<void> {
  const before = new Map<Subject, number | undefined>()
  for (const subject of able) {
    before.set(subject, await subject.visits(workload))
    // What a compiler and caches do in the first moments is not what is measured.
    count(subject, await subject.round(workload, WARM_UP_SECONDS))
  }
  for (let round = 0; round < rounds; round += 1) {
    const turn = round % able.length
    const order = [...able.slice(turn), ...able.slice(0, turn)]
    // Backwards each other time: what one leaves to do (its garbage collector) must not fall to always the same next one.
    for (const subject of round % 2 === 0 ? order : order.reverse()) {
      const result = await subject.round(workload, rate ? pacedSeconds : seconds, rate)
      count(subject, result).rounds.push(result)
    }
  }
  // Not after each round: 500 sessions read over as many connections leave a server in another state than visits do.
  for (const [subject, visits] of before) {
    const after = await subject.visits(workload)
    const run = found.get(subject.setUp)
    if (run && visits !== undefined && after !== undefined) run.counted = (run.counted ?? 0) + after - visits
  }

  function count({ setUp }: Subject, { acknowledged, failed }: Round): Run {
    const run = found.get(setUp) ?? { rounds: [], acknowledged: 0, failed: 0, counted: undefined }
    run.acknowledged += acknowledged
    run.failed += failed
    found.set(setUp, run)
    return run
  }
}

function tableOf(workload: string): string {
  return table(results.filter((result) => result.workload === workload))
}

function canDo(setUp: SetUp, { extra, name }: Workload): boolean {
  return !(setUp.closed && extra > 0) && !(setUp.sessionless && name === 'hot')
}

function conditions(): string {
  const pinned = pins
    ? 'the server on one, Redis and the load on the other'
    : 'not held on CPUs: expect more noise'
  return `${versions} ${starts} × ${rounds} rounds of ${seconds} s, ${cpus().length} × ${cpus()[0]?.model.trim()} (${pinned}); load of the machine before: ${loadBefore.toFixed(2)}. Medians; in brackets the middle half of the rounds.${limits()}`
}

function ownVersion(): string {
  return (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version
}

function limits(): string {
  const limited = [...memory].filter(([setUp]) => setUp.memory)
  return limited
    .map(([{ label }, { kills }]) => {
      const how =
        kills === undefined
          ? 'no cgroup could be had: only its heap is so small'
          : `in a cgroup, killed ${kills} times`
      return ` ${label}: ${how}.`
    })
    .join('')
}

function write(): void {
  mkdirSync('docs/bench', { recursive: true })
  const sections = workloads.map(({ name, label }) => `### ${label}\n\n${tableOf(name)}\n`)
  writeFileSync('docs/bench/results.md', `${conditions()}\n\n${sections.join('\n')}`)
  writeFileSync(
    'docs/bench/results.json',
    `${JSON.stringify({ conditions: conditions(), results }, undefined, 2)}\n`,
  )
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
