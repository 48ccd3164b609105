// Records what clients ask of the counter and what they are answered, while its instances and Redis are killed, frozen and cut off, and
// checks the history of each session for linearizability: npm run histories -- [--minutes N] [--seed N]
// [--only TEXT]. The minutes are shared by the clients and the Cluster, or by those whose name has TEXT.
import { parseArgs } from 'node:util'
import { exitOnSignals } from '../../support/at-exit.js'
import { Random } from '../random.js'
import { judge, type Operation, smallestViolation } from './linearizable.js'
import { Nemesis } from './nemesis.js'
import { Platform, type Setup } from './platform.js'
import { type History, record } from './record.js'
import { SESSION_MODEL, type SessionInput, type SessionOutput } from './session-model.js'

const CLIENTS: readonly Setup[] = [
  { name: 'the counter, with ioredis 6', store: 'exact' },
  ...['node-redis 5', 'node-redis 6', 'iovalkey'].map(
    (client) => ({ name: client, store: 'exact', client }) as const,
  ),
  ...['ioredis 6', 'node-redis 5', 'node-redis 6'].map(
    (client) => ({ name: `${client} and a Cluster`, store: 'exact', client, isCluster: true }) as const,
  ),
]
const INSTANCES = 4
/** How many sessions are used at once. */
const SESSIONS = 5
const DEADLINE_MS = 2_000
// Longer than the instances': what they don't answer by then is lost with them.
const PATIENCE_MS = 6_000

interface Books {
  histories: number
  operations: number
  unanswered: number
  violations: number
  undecided: number
  /** Answers that should never be given. */
  readonly unmeant: Set<string>
}

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
})
const minutes = Number(values.minutes ?? 1)
const seed = Number(values.seed ?? Date.now() % 100_000)
const setups = CLIENTS.filter(({ name }) => name.includes(values.only ?? ''))
if (setups.length === 0) {
  console.error(`--only takes a part of one of: ${CLIENTS.map(({ name }) => name).join('; ')}`)
  process.exit(78)
}
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('--minutes takes a number above 0, --seed a whole number')
  process.exit(78)
}
exitOnSignals()
console.log(
  `histories: ${minutes} min, seed ${seed}, ${INSTANCES} instances, ${SESSIONS} sessions of 6 clients at once`,
)

let held = true
for (const setup of setups) {
  const books = await judged(setup, (minutes * 60_000) / setups.length, true)
  const { violations, undecided, unmeant, histories } = books
  held = violations + undecided + unmeant.size === 0 && histories > 0 && held
}
// The usual store needs no faults to be found guilty.
const usual = await judged(
  { name: 'connect-redis', store: 'connect-redis' },
  Math.min(10_000, minutes * 20_000),
  false,
)
const found = usual.violations === usual.histories && usual.histories > 0
console.log(held ? 'exact: each history is linearizable' : 'exact: NOT linearizable')
console.log(found ? 'connect-redis: no history is' : 'connect-redis: NOT found guilty each time')
process.exit(held && found ? 0 : 1)

async function judged(setup: Setup, ms: number, hurt: boolean): Promise<Books> {
  const platform = await Platform.start(INSTANCES, setup, DEADLINE_MS)
  const random = new Random(seed)
  const nemesis = hurt ? new Nemesis(platform, new Random(seed + 1)) : undefined
  const books: Books = {
    histories: 0,
    operations: 0,
    unanswered: 0,
    violations: 0,
    undecided: 0,
    unmeant: new Set(),
  }
  const end = performance.now() + ms
  const lane = async () => {
    while (performance.now() < end) {
      for (const history of await record(platform, random, PATIENCE_MS)) enter(books, setup, history)
    }
  }
  await Promise.all(Array.from({ length: SESSIONS }, lane))
  await nemesis?.stop()
  await platform.stop()
  const faults = [...(nemesis?.faults ?? [])].map(([name, times]) => `${name} ${times}`)
  console.log(
    `${setup.name}: ${books.operations} operations in ${books.histories} sessions, ${books.unanswered} of them without an answer; ` +
      `violations: ${books.violations}, undecided: ${books.undecided}; faults: ${faults.join(', ') || 'none'}`,
  )
  for (const answer of books.unmeant) console.log(`${setup.name}: ${answer}`)
  return books
}

function enter(books: Books, { name, store }: Setup, { initial, operations, unmeant }: History): void {
  const judgement = judge(SESSION_MODEL, initial, operations)
  books.histories += 1
  // Without the request's id they are the same.
  for (const answer of unmeant) books.unmeant.add(answer.replace(/,"requestId".*/, '}'))
  books.operations += operations.length
  books.unanswered += operations.filter(({ output }) => output === undefined).length
  if (judgement === 'undecided') books.undecided += 1
  if (judgement !== 'violation') return
  books.violations += 1
  // One of the usual store is enough to see how it goes wrong.
  if (store !== 'exact' && books.violations > 1) return
  const guilty = smallestViolation(SESSION_MODEL, initial, operations)
  const began = Math.min(...operations.map(({ called }) => called))
  console.log(
    `\n${name}: no order explains these answers (of ${operations.length}; initially ${SESSION_MODEL.nameOf(initial)})`,
  )
  for (const operation of guilty) console.log(lineOf(operation, began))
  const known: Operation<SessionInput, SessionOutput>[] = operations.map((operation) =>
    operation.input.kind === 'visit' && operation.output === 'absent'
      ? { ...operation, output: undefined }
      : operation,
  )
  if (judge(SESSION_MODEL, initial, known) === 'linearizable') {
    console.log(
      '  kind: gone but counted (a visit was told that the session had ended, and had been counted before it did)',
    )
  }
}

function lineOf(
  { client, input, output, called, returned }: Operation<SessionInput, SessionOutput>,
  began: number,
): string {
  const [from, to] = [called, returned].map((at) => (at - began).toFixed(1).padStart(8))
  return `  ${from} to ${to} ms  ${client}  ${SESSION_MODEL.nameOfInput(input)} → ${output}`
}
