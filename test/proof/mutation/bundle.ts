// Builds the store and its tests with a change, and runs tests of it in processes of their own.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { build } from 'esbuild'
import { atExit } from '../../support/at-exit.js'
import type { Report, Task } from './attempt.js'

const FOLDER = 'dist/proof/mutation'
/** A process is ended after this without a sign of life, in ms: it is in an endless loop. */
const SILENT_MS = 20_000
const ATTEMPT = 'test/proof/mutation/attempt.ts'

/** Tests, and the store as they know it, built with a change of its source. */
export class Bundle {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * @param name of the folder that it is built into, which a bundle of this name leaves to the next
   * @param cases that each law is tried with, at most
   */
  static async build(
    name: string,
    tests: readonly string[],
    change: (path: string, source: string) => string = (_path, source) => source,
    cases = Number.POSITIVE_INFINITY,
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
          name: 'cases',
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /^fast-check$/ }, ({ namespace }) => {
              const isOurs = namespace === 'cases' || cases === Number.POSITIVE_INFINITY
              return isOurs ? { external: true } : { path: 'fast-check', namespace: 'cases' }
            })
            onLoad({ filter: /./, namespace: 'cases' }, () => ({ contents: fastCheckOf(cases) }))
          },
        },
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

  /** Of the store and the tests. */
  async hash(): Promise<string> {
    const hash = createHash('sha1')
    const names = await readdir(this.#folder, { recursive: true })
    const runner = ATTEMPT.replace('.ts', '.js')
    for (const name of names.filter((name) => name.endsWith('.js') && name !== runner).sort())
      hash.update(await readFile(`${this.#folder}/${name}`))
    return hash.digest('hex')
  }

  /** @param env e.g. the mutant that is there when the source is loaded */
  open(env: Record<string, string> = {}): Runs {
    return new Runs(this.#folder, env)
  }

  /** Runs tests in a process of their own. @returns undefined if it did not end within limitMs, or ended without a report. */
  async run(task: Task, limitMs: number, env?: Record<string, string>): Promise<Report | undefined> {
    const runs = this.open(env)
    const report = await runs.next(task, limitMs)
    await runs.end()
    return report
  }
}

function fastCheckOf(cases: number): string {
  return `import fc from 'fast-check'
const assert = (law, { numRuns = 100, ...more } = {}) => fc.assert(law, { ...more, numRuns: Math.min(numRuns, ${cases}) })
export default { ...fc, assert }`
}

/** A process that runs tests, one task after the other. */
export class Runs {
  readonly #folder: string
  readonly #tmp: string
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #closed: Promise<unknown>
  #isClosed = false
  readonly #kill: () => void
  #got: (line: string | undefined) => void = () => {}
  /** How many tasks it has been given. */
  tasks = 0

  constructor(folder: string, env: Record<string, string>) {
    runs += 1
    this.#folder = folder
    this.#tmp = `${folder}/tmp-${runs}`
    mkdirSync(this.#tmp, { recursive: true })
    this.#child = spawn(process.execPath, [this.#built(ATTEMPT)], {
      env: { ...process.env, TMPDIR: this.#tmp, NODE_COMPILE_CACHE: resolve(FOLDER, 'compiled'), ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
      // A group of its own, to end with all that it has started.
      detached: true,
    })
    this.#kill = () => {
      try {
        process.kill(-Number(this.#child.pid), 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    const ended = atExit(this.#kill)
    this.#closed = once(this.#child, 'close').then(() => {
      ended()
      this.#isClosed = true
      this.#got(undefined)
    })
    this.#child.stdin.on('error', () => {})
    createInterface(this.#child.stdout).on('line', (line) => this.#got(line))
  }

  /** @returns undefined if it did not answer within limitMs, or has ended, perhaps after the answer before. */
  async next(task: Task, limitMs: number): Promise<Report | undefined> {
    this.tasks += 1
    if (this.#isClosed) return undefined
    const files = task.files.map((file) => ({ ...file, path: this.#built(file.path) }))
    const timer = setTimeout(this.#kill, limitMs)
    let silent = setTimeout(this.#kill, SILENT_MS)
    const line = await new Promise<string | undefined>((found) => {
      this.#got = (line) => {
        clearTimeout(silent)
        silent = setTimeout(this.#kill, SILENT_MS)
        if (line === undefined || line.startsWith('{"ran"')) found(line)
      }
      this.#child.stdin.write(`${JSON.stringify({ ...task, files })}\n`)
    })
    clearTimeout(timer)
    clearTimeout(silent)
    return line === undefined ? undefined : this.#reportOf(JSON.parse(line) as Report)
  }

  /** What it has started ends with it. */
  async end(): Promise<void> {
    this.#kill()
    await this.#closed
    rmSync(this.#tmp, { recursive: true, force: true })
  }

  #built(path: string): string {
    return `${this.#folder}/${path.replace(/\.ts$/, '.js')}`
  }

  #reportOf(report: Report): Report {
    const source = (path: string) => relative(this.#folder, path).replace(/\.js(?=$|\n)/, '.ts')
    const { ran, coverage } = report
    return {
      ...report,
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

let runs = 0
