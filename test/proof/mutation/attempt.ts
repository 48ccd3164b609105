// Runs tests in this process, each time until the first that fails. Takes tasks as lines of JSON, and answers each with a line of JSON:
// what it found.
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { type File, startTests, type Test, type VitestRunner } from '@vitest/runner'

/** What to run: files of tests, in this order, and of each only these tests, if not all. */
export interface Task {
  readonly files: readonly { readonly path: string; readonly tests?: readonly string[] }[]
  /** Goes on after a test that fails, and tells what came by which mutant. */
  readonly all?: boolean
  /** No file of tests begins later than this, in ms: a mutant may make tests slow without failing them. */
  readonly withinMs?: number | undefined
  /** By Stryker's number, if its source has mutants to be switched on. */
  readonly mutant?: string | undefined
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
  /** Something of a test still runs, or failed behind its back: not to be used again, nor believed if others ran before. */
  readonly spent?: boolean
  /** Of each test the mutants that it came by, if the source counts them; `static` at loading. */
  readonly coverage?: { readonly static: Counts; readonly perTest: Readonly<Record<string, Counts>> }
}
type Counts = Readonly<Record<string, number>>

/** What the code of Stryker's mutants looks at. */
interface Stryker {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  mutantCoverage?: Report['coverage']
  hitCount?: number
  /** So often it may come by the mutant: more often is an endless loop. */
  readonly hitLimit: number
}

/** How long a test may take, in ms of a process that is given its turn: the others of a busy machine don't count. */
const TEST_MS = 20_000
const TICK_MS = 50
/** The limits of vitest's runner count them, so they only end what is beyond hope. */
const LIMIT_MS = 150_000
/** How often this process shows that it isn't in an endless loop, in ms. */
const SIGN_MS = 1_000

const stryker: Stryker = { hitLimit: 2_000_000 }
// A mutant at loading is there from the beginning.
const { __STRYKER_ACTIVE_MUTANT__: atLoading } = process.env
Object.assign(globalThis, { __stryker__: stryker })
let imports = 0

const unhandled: unknown[] = []
for (const event of ['unhandledRejection', 'uncaughtException'])
  process.on(event, (error: unknown) => unhandled.push(error))
const signs = setInterval(() => process.stdout.write('.\n'), SIGN_MS)
for await (const line of createInterface(process.stdin)) {
  const report = await attempt(JSON.parse(line) as Task)
  await new Promise((resolve) => process.stdout.write(`\n${JSON.stringify(report)}\n`, resolve))
}
clearInterval(signs)
process.exit(0)

async function attempt({
  files,
  all,
  mutant = atLoading,
  withinMs = Number.POSITIVE_INFINITY,
}: Task): Promise<Report> {
  stryker.activeMutant = mutant
  if (mutant !== undefined) stryker.hitCount = 0
  const ran: Ran[] = []
  const note = (one: Ran) => {
    ran.push({ ...one, ...(one.failed === undefined ? {} : { failed: one.failed.slice(0, 300) }) })
  }
  const began = performance.now()
  let spent = false
  const isRed = () => ran.some(({ failed }) => failed !== undefined)
  for (const { path, tests } of files) {
    if ((isRed() && !all) || performance.now() - began > withinMs) break
    unhandled.length = 0
    const [file] =
      (await new Promise<File[] | undefined>((resolve, reject) => {
        const runner = runnerOf(path, tests, all ? () => false : isRed, note, () => {
          spent = true
          resolve(undefined)
        })
        startTests([path], runner).then(resolve, reject)
      })) ?? []
    const failed =
      file?.result?.errors?.[0]?.message ??
      file?.tasks.find(({ result }) => result?.errors)?.result?.errors?.[0]?.message ??
      (unhandled.length > 0 ? `nobody handles ${unhandled[0]}` : undefined)
    spent ||= unhandled.length > 0
    if (failed !== undefined && !isRed()) note({ file: path, test: 'the file', ms: 0, failed })
  }
  const { mutantCoverage } = stryker
  return { ran, spent, ...(all && mutantCoverage ? { coverage: mutantCoverage } : {}) }
}

function runnerOf(
  path: string,
  tests: readonly string[] | undefined,
  isOver: () => boolean,
  note: (one: Ran) => void,
  tooLong: () => void,
): VitestRunner {
  const nameOf = (test: Test) => test.fullTestName ?? test.name
  let timer: NodeJS.Timeout | undefined
  return {
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
    // The same file again is another module; what it imports is the same.
    importFile(file) {
      imports += 1
      return import(`${pathToFileURL(file)}?${imports}`)
    },
    onBeforeRunTask(test) {
      if (isOver() || (tests && !tests.includes(nameOf(test)))) test.mode = 'skip'
      if (test.mode === 'skip') return
      stryker.currentTestId = `${path}\n${nameOf(test)}`
      if (test.timeout !== LIMIT_MS) return
      // A tick that comes late is one tick.
      let ticks = 0
      timer = setInterval(() => {
        ticks += 1
        if (ticks * TICK_MS < TEST_MS) return
        clearInterval(timer)
        note({ file: path, test: nameOf(test), ms: TEST_MS, failed: `took longer than ${TEST_MS} ms` })
        tooLong()
      }, TICK_MS)
    },
    onAfterRunTask(test) {
      stryker.currentTestId = undefined
      clearInterval(timer)
      if (test.mode === 'skip') return
      const failed = test.result?.errors?.[0]?.message
      const { duration: ms = 0 } = test.result ?? {}
      note({ file: path, test: nameOf(test), ms, ...(failed === undefined ? {} : { failed }) })
    },
  }
}
