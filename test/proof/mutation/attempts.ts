// Tries mutants: builds the store and its tests with a change, and runs the tests until the first that fails.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { build } from 'esbuild'
import { atExit } from '../../support/at-exit.js'
import type { Ran, Report, Task } from './attempt.js'

const FOLDER = 'dist/proof/mutation'
const ATTEMPT = 'test/proof/mutation/attempt.ts'

/** Tests, and the store as they know it, built with a change of its source. */
export class Bundle {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** @param name of the folder that it is built into, which a bundle of this name leaves to the next. */
  static async build(
    name: string,
    tests: readonly string[],
    change: (path: string, source: string) => string = (_path, source) => source,
  ): Promise<Bundle> {
    const folder = resolve(FOLDER, name)
    rmSync(folder, { recursive: true, force: true })
    await build({
      entryPoints: [...tests, ATTEMPT],
      outdir: folder,
      outbase: '.',
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      target: 'es2023',
      alias: { vitest: resolve('test/proof/mutation/in-process-vitest.ts') },
      plugins: [
        {
          name: 'change',
          setup({ onLoad }) {
            onLoad({ filter: /src\/store\/.*\.ts$/ }, async ({ path }) => ({
              contents: change(relative(process.cwd(), path), await readFile(path, 'utf8')),
              loader: 'ts',
            }))
          },
        },
      ],
    })
    return new Bundle(folder)
  }

  /**
   * Runs tests in a process of their own; what they start ends with it.
   * @param files the sources of the tests
   * @returns undefined if it did not end within limitMs, or ended without a report.
   */
  async run(task: Task, limitMs: number, env: Record<string, string> = {}): Promise<Report | undefined> {
    const built = (path: string) => `${this.#folder}/${path.replace(/\.ts$/, '.js')}`
    const files = task.files.map((file) => ({ ...file, path: built(file.path) }))
    const tmp = `${this.#folder}/tmp`
    mkdirSync(tmp, { recursive: true })
    const child = spawn(process.execPath, [built(ATTEMPT), JSON.stringify({ ...task, files })], {
      env: { ...process.env, TMPDIR: tmp, NODE_COMPILE_CACHE: resolve(FOLDER, 'compiled'), ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
      // A group of its own, to end with all that it has started.
      detached: true,
    })
    const end = () => {
      try {
        process.kill(-Number(child.pid), 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    const ended = atExit(end)
    const timer = setTimeout(end, limitMs)
    let silent = setTimeout(end, SILENT_MS)
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      clearTimeout(silent)
      silent = setTimeout(end, SILENT_MS)
      output += text
    })
    await once(child, 'close')
    clearTimeout(timer)
    clearTimeout(silent)
    end()
    ended()
    rmSync(tmp, { recursive: true, force: true })
    const line = output.trimEnd().split('\n').at(-1) ?? ''
    if (!line.startsWith('{"ran"')) return undefined
    const report = JSON.parse(line) as Report
    const source = (path: string) => relative(this.#folder, path).replace(/\.js(?=$|\n)/, '.ts')
    const { ran, coverage } = report
    return {
      ran: ran.map((one) => ({ ...one, file: source(one.file) })),
      ...(coverage && {
        coverage: {
          static: coverage.static,
          perTest: Object.fromEntries(
            Object.entries(coverage.perTest).map(([test, counts]) => [source(test), counts]),
          ),
        },
      }),
    }
  }
}

/** A file of tests, or some of its tests. */
export type File = Task['files'][number]

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
/** And after this without a sign of life, in ms: it is in an endless loop. */
const SILENT_MS = 20_000
const CONTROL_EVERY = 25

/** @returns a run of all tests without a change, the second if one failed in the first. @throws Error if one fails in both. */
export async function controlOf(
  bundle: Bundle,
  files: readonly string[],
): Promise<{ control: Control; report: Report }> {
  const all = { files: files.map((path) => ({ path })), all: true }
  let red: readonly Ran[] | undefined
  for (let tries = 0; tries < 2; tries += 1) {
    const report = await bundle.run(all, LIMIT_MS * 2)
    red = report?.ran.filter(({ failed }) => failed !== undefined)
    if (report && red?.length === 0) return { control: { bundle, ran: report.ran }, report }
  }
  throw new Error(`without a change, too: ${JSON.stringify(red)}`)
}

/** Tries mutants, those files of tests first that are quick to notice others. */
export async function tryAll(
  trials: readonly Trial[],
  control: Control,
  workers: number,
  done: (trial: Trial, verdict: Verdict, ms: number) => void,
): Promise<{ controls: number; red: string[] }> {
  const msOf = new Map<string, number>()
  const noticedBy = new Map<string, number>()
  for (const { file, ms } of control.ran) msOf.set(file, (msOf.get(file) ?? 100) + ms)
  // What noticed others of the same source is likely to notice this one.
  const costOf = (source: string, { path }: File) =>
    (msOf.get(path) ?? 1_000) /
    (1 + (noticedBy.get(path) ?? 0) + 10 * (noticedBy.get(`${source} ${path}`) ?? 0))
  const red: string[] = []
  let controls = 0
  const failureOf = (report: Report | undefined): Ran | 'no end' | undefined => {
    if (!report) return 'no end'
    return report.ran.find(({ failed }) => failed !== undefined)
  }
  const textOf = (failure: Ran | 'no end') =>
    failure === 'no end' ? failure : `${failure.file}: ${failure.test}: ${failure.failed}`
  let begun = 0
  const work = async (_: unknown, worker: number) => {
    for (let trial = trials[begun]; trial; trial = trials[begun]) {
      begun += 1
      const { path } = trial
      const files = [...trial.files].sort((one, other) => costOf(path, one) - costOf(path, other))
      if (begun % CONTROL_EVERY === 0) {
        controls += 1
        const failure = failureOf(await control.bundle.run({ files }, LIMIT_MS))
        if (failure) red.push(textOf(failure))
      }
      const began = performance.now()
      const bundle = await trial.bundle(`${worker}`)
      const failure =
        files.length > 0 ? failureOf(await bundle.run({ files }, LIMIT_MS, trial.env)) : undefined
      if (failure && failure !== 'no end')
        for (const key of [failure.file, `${path} ${failure.file}`])
          noticedBy.set(key, (noticedBy.get(key) ?? 0) + 1)
      done(trial, failure ? { by: textOf(failure) } : 'survived', performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return { controls, red }
}
