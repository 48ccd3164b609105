// Runs tests in this process until the first that fails: node attempt.js TASK, with TASK as JSON. Prints what it found as a line of JSON.
import { pathToFileURL } from 'node:url'
import { startTests, type Test, type VitestRunner } from '@vitest/runner'

/** What to run: files of tests, in this order, and of each only these tests, if not all. */
export interface Task {
  readonly files: readonly { readonly path: string; readonly tests?: readonly string[] }[]
  /** Goes on after a test that fails. */
  readonly all?: boolean
}

export interface Ran {
  readonly file: string
  readonly test: string
  readonly ms: number
  /** Why it failed. */
  readonly failed?: string
}

export interface Report {
  readonly ran: readonly Ran[]
  /** Of each test the mutants that it came by, if the source counts them; `static` at loading. */
  readonly coverage?: { readonly static: Counts; readonly perTest: Readonly<Record<string, Counts>> }
}
type Counts = Readonly<Record<string, number>>

interface Stryker {
  currentTestId?: string | undefined
  mutantCoverage?: Report['coverage']
}

/** How long a test may take, in ms of a process that is given its turn: the others of a busy machine don't count. */
const TEST_MS = 15_000
const TICK_MS = 50
/** The limits of vitest's runner count them, so they only end what is beyond hope. */
const LIMIT_MS = 150_000

/** How often this process shows that it isn't in an endless loop, in ms. */
const SIGN_MS = 1_000
setInterval(() => process.stdout.write('.\n'), SIGN_MS).unref()

const task = JSON.parse(process.argv[2] ?? '') as Task
const stryker: Stryker = {}
if (!process.env.__STRYKER_ACTIVE_MUTANT__) Object.assign(globalThis, { __stryker__: stryker })
const ran: Ran[] = []
let red = false

function report() {
  const { mutantCoverage } = stryker
  const report: Report = { ran, ...(mutantCoverage ? { coverage: mutantCoverage } : {}) }
  process.stdout.write(`\n${JSON.stringify(report)}\n`, () => process.exit(red ? 1 : 0))
}

/** Ends all if a test without a limit of its own takes too long. A tick that comes late is one tick. */
function timed(file: string, test: string): () => void {
  let ticks = 0
  const timer = setInterval(() => {
    ticks += 1
    if (ticks * TICK_MS < TEST_MS) return
    red = true
    ran.push({ file, test, ms: ticks * TICK_MS, failed: `took longer than ${TEST_MS} ms` })
    clearInterval(timer)
    report()
  }, TICK_MS)
  return () => clearInterval(timer)
}

for (const { path, tests } of task.files) {
  if (red && !task.all) break
  const nameOf = (test: Test) => test.fullTestName ?? test.name
  let ended = () => {}
  const runner: VitestRunner = {
    config: {
      root: process.cwd(),
      setupFiles: [],
      name: undefined,
      passWithNoTests: true,
      testNamePattern: undefined,
      allowOnly: true,
      sequence: { seed: 1, hooks: 'stack', setupFiles: 'list' },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: LIMIT_MS,
      hookTimeout: LIMIT_MS,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: (file) => import(pathToFileURL(file).href),
    onBeforeRunTask(test) {
      if ((red && !task.all) || (tests && !tests.includes(nameOf(test)))) test.mode = 'skip'
      stryker.currentTestId = `${path}\n${nameOf(test)}`
      if (test.mode === 'run' && test.timeout === LIMIT_MS) ended = timed(path, nameOf(test))
    },
    onAfterRunTask(test) {
      stryker.currentTestId = undefined
      ended()
      if (test.mode === 'skip') return
      const failed = test.result?.errors?.[0]?.message
      if (failed !== undefined) red = true
      ran.push({
        file: path,
        test: nameOf(test),
        ms: test.result?.duration ?? 0,
        ...(failed === undefined ? {} : { failed: failed.slice(0, 300) }),
      })
    },
  }
  const [file] = await startTests([path], runner)
  const failed =
    file?.result?.errors?.[0]?.message ??
    file?.tasks.find(({ result }) => result?.errors)?.result?.errors?.[0]?.message
  if (failed !== undefined && !red) {
    red = true
    ran.push({ file: path, test: 'the file', ms: 0, failed: failed.slice(0, 300) })
  }
}
report()
