// `npm run league [STACK…]`: drills each stack in the same way, and writes docs/league.md and docs/league.json.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFleet } from './fleet.js'
import { type Row, rowOf } from './row.js'
import { run } from './run.js'
import { BUILDS, LEAGUE, missing, type Stack } from './stack.js'
import { STACKS } from './stacks.js'
import { pageOf } from './table.js'
import { tryStack } from './trials.js'

const RECORD = 'docs/league.json'
const PAGE = 'docs/league.md'

const say = (line: string) => process.stderr.write(`${line}\n`)

/** @returns what others use of this machine's processors, from 0 to 1 */
async function shareInUse(): Promise<number> {
  const times = () =>
    cpus().reduce(
      ({ all, idle }, { times: { user, nice, sys, irq, idle: free } }) => ({
        all: all + user + nice + sys + irq + free,
        idle: idle + free,
      }),
      { all: 0, idle: 0 },
    )
  const before = times()
  await sleep(2_000)
  const after = times()
  return 1 - (after.idle - before.idle) / (after.all - before.all)
}

async function drilled(stack: Stack): Promise<Row> {
  for (const command of stack.build) await run(command, join(LEAGUE, stack.folder))
  const busy = await shareInUse()
  const fleet = await startFleet(stack)
  try {
    return rowOf(stack, await tryStack(stack, fleet), new Date().toISOString().slice(0, 10), busy)
  } finally {
    await fleet.stop()
  }
}

// All that was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const names = process.argv.slice(2)
const unknown = names.find((name) => !STACKS.some((stack) => stack.name === name))
if (unknown !== undefined) {
  say(`npm run league takes names of stacks: ${STACKS.map(({ name }) => name).join(', ')}, not ${unknown}`)
  process.exit(2)
}
mkdirSync(BUILDS, { recursive: true })
const rows = new Map<string, Row>(
  existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')).map((row: Row) => [row.name, row]) : [],
)
for (const stack of STACKS) {
  if (names.length > 0 && !names.includes(stack.name)) continue
  const absent = missing(stack)
  if (absent !== undefined) {
    say(`${stack.title}: left out, this does not work here: ${absent}`)
    continue
  }
  say(stack.title)
  try {
    rows.set(stack.name, await drilled(stack))
  } catch (error) {
    say(`  ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
  writeFileSync(RECORD, `${JSON.stringify([...rows.values()], null, 2)}\n`)
  writeFileSync(PAGE, pageOf([...rows.values()], STACKS))
}
