// Tries mutants: runs the tests of each until the first that fails.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Ran, Report } from './attempt.js'
import type { Bundle, Runs } from './bundle.js'
import { type File, filesOf, TestOrder } from './test-order.js'

/** What became of a mutant. */
export type Verdict = { readonly by: string } | 'survived'

/** What to try, and with what. */
export interface Trial {
  /** What is changed: no other trial has this name. */
  readonly name: string
  /** The file that is changed. */
  readonly path: string
  /** Those that may notice it. */
  readonly files: readonly File[]
  readonly env?: Record<string, string>
  /** To be switched on in a process that tries others before and after it; such a trial has no environment. */
  readonly mutant?: string
  /** Its tests take no longer than this, in ms on a quiet machine: those that notice most in the least time. Without it all run. */
  readonly budgetMs?: number
  /** Builds the bundle, or takes one that has been built. */
  bundle(worker: string): Promise<Bundle>
}

export interface Trials {
  readonly trials: readonly Trial[]
  readonly control: Control
}

/** The same without a change, to see that tests fail by mutants only. */
export interface Control {
  readonly bundle: Bundle
  /** What ran when all tests did. */
  readonly ran: readonly Ran[]
}

/** A mutant is given up (and noticed) after this, in ms: longer than all tests take on a busy machine. */
const LIMIT_MS = 300_000
const CONTROL_EVERY = 25
/** What takes so many times its budget is not gone on with: the machine is busy, or the mutant makes its tests slow. */
const SLOWER = 4
/** How many mutants are tried in one process, at most. */
const TASKS_OF_A_PROCESS = 50

/**
 * @returns a run of all tests without a change, the second if one failed in the first; the last one, if nothing has changed since.
 * @throws Error if one fails in both
 */
export async function controlOf(
  bundle: Bundle,
  files: readonly string[],
): Promise<{ control: Control; report: Report }> {
  const all = { files: files.map((path) => ({ path })), all: true }
  const kept = `dist/proof/control-${await bundle.hash()}.json`
  let red: readonly Ran[] | undefined
  for (let tries = 0; tries < 2; tries += 1) {
    const report = existsSync(kept)
      ? (JSON.parse(readFileSync(kept, 'utf8')) as Report)
      : await bundle.run(all, LIMIT_MS * 2)
    red = report?.ran.filter(({ failed }) => failed !== undefined)
    if (!report || red?.length !== 0) continue
    writeFileSync(kept, JSON.stringify(report))
    return { control: { bundle, ran: report.ran }, report }
  }
  throw new Error(`without a change, too: ${JSON.stringify(red)}`)
}

interface Settings {
  readonly workers: number
  readonly done: (trial: Trial, verdict: Verdict, ms: number) => void
}

/**
 * Tries mutants, those tests first that are quick to notice others.
 * @returns how often tests ran without a change, and which failed then
 */
export async function tryAll(
  trials: readonly Trial[],
  control: Control,
  { workers, done }: Settings,
): Promise<{ controls: number; red: string[] }> {
  const order = new TestOrder(control.ran)
  const red: string[] = []
  let [controls, begun] = [0, 0]
  /** The tests that noticed the last mutants. */
  const failed = new Set<string>()
  const controlled = async () => {
    const files = filesOf([...failed])
    failed.clear()
    if (files.length === 0) return
    controls += 1
    const failure = failureOf(await control.bundle.run({ files }, LIMIT_MS))
    if (failure) red.push(textOf(failure))
  }
  const noticed = ({ path }: Trial, failure: Failure | undefined) => {
    if (failure && failure !== NO_END) order.noticed(path, failure)
  }
  const alone = async (
    trial: Trial,
    files: readonly File[],
    bundle: Bundle,
  ): Promise<Failure | undefined> => {
    const { env, mutant } = trial
    return failureOf(await bundle.run({ files, mutant, withinMs: withinMsOf(trial) }, LIMIT_MS, env))
  }
  const work = async (_: unknown, worker: number) => {
    let runs: Runs | undefined
    /** Noticed by tests of this process; not told before they pass in it without a change. */
    let unsure: { trial: Trial; files: readonly File[]; failure: Ran; ms: number }[] = []
    const confirm = async (isUsable: boolean) => {
      const tests = new Set(unsure.map(({ failure }) => nameOf(failure)))
      const without =
        isUsable && tests.size > 0 ? await runs?.next({ files: filesOf([...tests]) }, LIMIT_MS) : undefined
      const isSure = without !== undefined && !without.spent && failureOf(without) === undefined
      if (isSure) controls += 1
      for (const { trial, files, failure, ms } of unsure) {
        const found = isSure ? failure : await alone(trial, files, await trial.bundle(`${worker}`))
        done(trial, found ? { by: textOf(found) } : 'survived', ms)
      }
      unsure = []
      await runs?.end()
      runs = undefined
    }
    for (let trial = trials[begun]; trial; trial = trials[begun]) {
      begun += 1
      const files = order.of(trial.path, trial.files, trial.budgetMs)
      const began = performance.now()
      if (files.length === 0) {
        done(trial, 'survived', 0)
        continue
      }
      const bundle = await trial.bundle(`${worker}`)
      if (trial.mutant === undefined) {
        const failure = await alone(trial, files, bundle)
        noticed(trial, failure)
        done(trial, failure ? { by: textOf(failure) } : 'survived', performance.now() - began)
        if (failure && failure !== NO_END) failed.add(nameOf(failure))
        if (begun % CONTROL_EVERY === 0) await controlled()
        continue
      }
      runs ??= bundle.open()
      const report = await runs.next({ files, mutant: trial.mutant, withinMs: withinMsOf(trial) }, LIMIT_MS)
      let failure = failureOf(report)
      if (!report || report.spent) {
        await confirm(report !== undefined)
        failure = await alone(trial, files, bundle)
        done(trial, failure ? { by: textOf(failure) } : 'survived', performance.now() - began)
      } else if (failure && failure !== NO_END)
        unsure.push({ trial, files, failure, ms: performance.now() - began })
      else done(trial, 'survived', performance.now() - began)
      if (!report?.spent) noticed(trial, failure)
      if ((runs?.tasks ?? 0) >= TASKS_OF_A_PROCESS) await confirm(true)
    }
    await confirm(true)
    await controlled()
  }
  await Promise.all(Array.from({ length: workers }, work))
  return { controls, red }
}

function withinMsOf({ budgetMs }: Trial): number | undefined {
  return budgetMs === undefined ? undefined : budgetMs * SLOWER
}

const NO_END = 'no end'
type Failure = Ran | typeof NO_END

function failureOf(report: Report | undefined): Failure | undefined {
  return report ? report.ran.find(({ failed }) => failed !== undefined) : NO_END
}

/** As test-order.ts takes it. */
function nameOf({ file, test }: Ran): string {
  return `${file}\n${test}`
}

function textOf(failure: Failure): string {
  return failure === NO_END ? failure : `${failure.file}: ${failure.test}: ${failure.failed}`
}
