// What each stack goes through: the same three drills, with the drill's command line as anyone would use it.
import { resolve } from 'node:path'
import type { Report } from '../src/drill/report/report.js'
import { type Fleet, INSTANCES } from './fleet.js'
import { run } from './run.js'
import type { Stack } from './stack.js'

const DRILL = resolve('dist/drill/main.js')
/** A stack that doesn't recover would keep the drill waiting; the drill then judges what it has seen. */
const PATIENCE_MS = 110_000

/** Done by the shell in the folder that has the ids of the processes. */
const FAULTS = {
  'instance-killed': 'kill -s KILL -- -$(cat instance-1.pid); sleep 1',
  'redis-killed': 'kill -s KILL $(cat redis.pid); sleep 3',
  'redis-frozen': 'kill -s STOP $(cat redis.pid); sleep 12; kill -s CONT $(cat redis.pid)',
}

export type Fault = keyof typeof FAULTS

const words = (text: string) => text.split(' ')

/** The drill's options in each trial, besides the stack's. */
const COMMON = words('--instance header:x-served-by --browsers 20 --seed 1')

const TRIALS = {
  /** One visit at a time: nothing overlaps, so what a visit takes can be told. */
  steady: words('--burst 1 --visits 2000 --duration 60s --destroy 0'),
  /** Overlapping visits, and sessions that are destroyed with visits in flight. */
  bursts: words('--burst 6 --visits 2000 --duration 60s --destroy 20 --destroy-rounds 5 --patience 10s'),
  /** One visit at a time, while an instance is killed and Redis is killed and frozen. */
  faults: [
    ...words('--burst 1 --rate 100 --duration 10s --destroy 0 --patience 10s --max-failed any'),
    ...Object.entries(FAULTS).flatMap(([name, command]) => ['--do', `${name}=${command}`]),
  ],
}

/** @returns the command line of each trial, for a shell; WITH stands for the stack's options */
export function commandLines(): string[] {
  const quoted = (word: string) => (/^[\w.:=-]+$/.test(word) ? word : `'${word}'`)
  const common = ['session-drill URL WITH', ...COMMON].join(' ')
  return Object.values(TRIALS).map((options) => {
    const own = options.map(quoted).join(' ').replaceAll(' --do', ' \\\n  --do')
    return `${common} \\\n  ${own}`
  })
}

/** What a visit took, in µs of processor time, and an instance, in bytes. */
export interface Cost {
  appUs: number
  redisUs: number
  memory: number
}

export interface Outcome {
  /** Why it could not be told. */
  problem?: string
  report?: Report
  /** Lost visits that the load balancer counted. */
  audited?: number
}

export interface Result {
  cost: Cost | undefined
  steady: Outcome
  bursts: Outcome
  faults: Outcome
}

/** Lasts a minute or two. */
export async function tryStack(stack: Stack, fleet: Fleet): Promise<Result> {
  // So that what is measured is not the start: a JVM compiles what it has run for a while.
  await runTrial('steady', stack, fleet, ['--visits', '500'])
  const before = { app: fleet.apps(), redis: fleet.redis() }
  const steady = await runTrial('steady', stack, fleet)
  const after = { app: fleet.apps(), redis: fleet.redis() }
  const visits = steady.report?.visits.attempted ?? 0
  const cost = visits > 0 &&
    after.app.memory > 0 && {
      appUs: ((after.app.cpu - before.app.cpu) / visits) * 1e6,
      redisUs: ((after.redis.cpu - before.redis.cpu) / visits) * 1e6,
      memory: after.app.memory / INSTANCES,
    }
  const bursts = await runTrial('bursts', stack, fleet)
  const faults = await runTrial('faults', stack, fleet)
  return { cost: cost || undefined, steady, bursts, faults }
}

/** @param more further options for the drill, which win over the trial's */
export async function runTrial(
  trial: keyof typeof TRIALS,
  stack: Stack,
  fleet: Fleet,
  more: readonly string[] = [],
): Promise<Outcome> {
  const options = [...stack.drill, ...COMMON]
  const command = [process.execPath, DRILL, fleet.url, '--json', ...options, ...TRIALS[trial], ...more]
  fleet.audit.reset()
  const ended = await run(command, fleet.folder, fleet.env, {
    mayFail: true,
    patienceMs: PATIENCE_MS,
    interrupts: true,
  })
  if (ended.output === '')
    return { problem: ended.errors.trim().split('\n').at(-1) ?? `exit code ${ended.code}` }
  const report: Report = JSON.parse(ended.output)
  process.stderr.write(`  ${trial}: ${report.sentence}\n`)
  return { report, audited: fleet.audit.lost }
}
