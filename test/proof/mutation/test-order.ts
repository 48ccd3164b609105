import type { Ran, Task } from './attempt.js'

/** A file of tests, or some of its tests. */
export type File = Task['files'][number]

/** What it takes to load a file of tests and to start its Redis, in ms. */
const FILE_MS = 100
/** Tests of one file, with nothing but fakes, take less. */
const QUICK_MS = 500
/** How many tests that noticed the last mutants of the same source come first. */
const LATEST = 6

/** Which tests a mutant is tried with first: neighbours are mostly noticed by the same. */
export class TestOrder {
  /** How long each test takes, by file. */
  readonly #msOf = new Map<string, Map<string, number>>()
  readonly #times = new Map<string, number>()
  /** By source: those that noticed its last mutants, the latest first. */
  readonly #latest = new Map<string, string[]>()

  /** @param ran all tests, without a change */
  constructor(ran: readonly Ran[]) {
    for (const { file, test, ms } of ran) {
      const tests = this.#msOf.get(file) ?? new Map<string, number>()
      this.#msOf.set(file, tests.set(test, ms))
    }
  }

  noticed(source: string, { file, test }: Ran): void {
    const name = `${file}\n${test}`
    for (const key of [file, `${source} ${file}`]) this.#times.set(key, (this.#times.get(key) ?? 0) + 1)
    const others = (this.#latest.get(source) ?? []).filter((other) => other !== name)
    this.#latest.set(source, [name, ...others].slice(0, LATEST))
  }

  /** @param budgetMs those that take longer in all are left out, but for the tests of the file itself, which come first */
  of(source: string, files: readonly File[], budgetMs = Number.POSITIVE_INFINITY): File[] {
    const covering = new Map(files.map(({ path, tests }) => [path, tests]))
    const first = (this.#latest.get(source) ?? []).filter((name) => {
      const [path = '', test = ''] = name.split('\n')
      return covering.has(path) && (covering.get(path)?.includes(test) ?? true)
    })
    const costOf = ({ path, tests }: File) =>
      this.#msOfFile(path, tests) /
      (1 + (this.#times.get(path) ?? 0) + 10 * (this.#times.get(`${source} ${path}`) ?? 0))
    const rest = [...files].sort((one, other) => costOf(one) - costOf(other))
    const own = rest.filter(({ path }) => isOf(path, source))
    const isQuick = ({ path, tests }: File) => this.#msOfFile(path, tests) < QUICK_MS
    return [
      ...own.filter(isQuick),
      ...first.flatMap((name) => filesOf([name])),
      ...own.filter((file) => !isQuick(file)),
      ...within(
        budgetMs,
        rest.filter(({ path }) => !isOf(path, source)),
        (path) => this.#msOf.get(path),
      ),
    ]
  }

  #msOfFile(path: string, tests: File['tests']): number {
    const all = this.#msOf.get(path) ?? new Map<string, number>()
    const wanted = tests ? tests.map((test) => all.get(test) ?? 0) : [...all.values()]
    return wanted.reduce((sum, ms) => sum + ms, FILE_MS)
  }
}

/** Whether tests are those of a file by their name: store.test.ts and store-answers.test.ts are those of store.ts. */
function isOf(path: string, source: string): boolean {
  const name = source.replace('src/', 'test/').replace('.ts', '')
  return path === `${name}.test.ts` || path.startsWith(`${name}-`)
}

function within(
  budgetMs: number,
  files: readonly File[],
  testsOf: (path: string) => ReadonlyMap<string, number> | undefined,
): File[] {
  if (budgetMs === Number.POSITIVE_INFINITY) return [...files]
  let left = budgetMs
  return files.flatMap(({ path, tests }) => {
    left -= FILE_MS
    const all = testsOf(path) ?? new Map<string, number>()
    const kept = (tests ?? [...all.keys()]).filter((test) => {
      const ms = all.get(test) ?? 0
      if (ms > left) return false
      left -= ms
      return true
    })
    return kept.length > 0 ? [{ path, tests: kept }] : []
  })
}

/** @param tests as attempt.ts names them: path and name */
export function filesOf(tests: readonly string[]): File[] {
  const byPath = new Map<string, string[]>()
  for (const test of tests) {
    const [path = '', name = ''] = test.split('\n')
    byPath.set(path, [...(byPath.get(path) ?? []), name])
  }
  return [...byPath].map(([path, names]) => ({ path, tests: names }))
}
