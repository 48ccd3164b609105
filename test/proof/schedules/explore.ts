import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { anySchedule, run, type Schedule, type StoreClass } from './schedule.js'

/** Changes of the store's source text: each pair is replaced in whichever file has it. */
export type Edits = readonly (readonly [find: RegExp, replacement: string])[]

/** @returns the store's class, built from its source with these changes. @throws Error if one of them finds nothing to change. */
export async function buildWith(edits: Edits): Promise<StoreClass> {
  const missing = new Set(edits)
  const Store = await buildStore((_path, source) => {
    let changed = source
    for (const edit of edits) {
      const before = changed
      changed = changed.replace(edit[0], edit[1])
      if (changed !== before) missing.delete(edit)
    }
    return changed
  })
  if (missing.size > 0) throw new Error(`nothing to change: ${[...missing].map(([find]) => find).join(', ')}`)
  return Store
}

/** @returns the store's class, built from its source as `change` makes it. */
export async function buildStore(
  change: (path: string, source: string) => string = (_path, source) => source,
): Promise<StoreClass> {
  const outfile = resolve(`dist/proof/store-${randomBytes(6).toString('hex')}.js`)
  await build({
    entryPoints: ['src/store/index.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'es2023',
    plugins: [
      {
        name: 'edits',
        setup({ onLoad }) {
          onLoad({ filter: /src\/store\/.*\.ts$/ }, async ({ path }) => {
            const contents = change(path, await readFile(path, 'utf8'))
            return { contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  try {
    return ((await import(pathToFileURL(outfile).href)) as { ExactRedisStore: StoreClass }).ExactRedisStore
  } finally {
    await rm(outfile)
  }
}

export interface Exploration {
  /** Without those that the search for the shortest one took. */
  readonly schedules: number
  readonly ms: number
  /** The shortest schedule that was found to break a promise. */
  readonly broken?: {
    readonly why: string
    readonly schedule: Schedule
    readonly trace: readonly string[]
    readonly replay: string
  }
}

/** Schedules that share a seed; each batch has the next one. */
const BATCH = 250
/** How long a shorter schedule is searched for, in ms. */
const SHRINK_MS = 20_000

interface ExploreOptions {
  /** How long to search, in ms. */
  readonly ms: number
  /** How many schedules to play at most, in whole batches. */
  readonly most?: number
  readonly seed: number
  /** Which of the seed's schedules to play again. */
  readonly path?: string | undefined
  /** Whether to look for a shorter schedule that breaks a promise, too. */
  readonly shrink?: boolean
}

/** Plays schedules until one breaks a promise, or the time is over. */
export async function explore(
  Store: StoreClass,
  redis: Redis,
  { ms, most = Number.POSITIVE_INFINITY, seed, path, shrink = true }: ExploreOptions,
): Promise<Exploration> {
  const began = performance.now()
  let found = Number.POSITIVE_INFINITY
  let schedules = 0
  const property = fc.asyncProperty(anySchedule, async (schedule) => {
    if (performance.now() > found + SHRINK_MS) return
    if (found === Number.POSITIVE_INFINITY) schedules += 1
    try {
      await run(Store, redis, schedule)
    } catch (error) {
      found = Math.min(found, performance.now())
      throw error
    }
  })
  for (let batch = seed; performance.now() < began + ms && schedules < most; batch += 1) {
    const parameters = {
      seed: batch,
      numRuns: BATCH,
      endOnFailure: !shrink,
      ...(path === undefined ? {} : { path }),
    }
    const { counterexample, counterexamplePath } = await fc.check(property, parameters)
    const [schedule] = counterexample ?? []
    if (schedule) {
      const trace: string[] = []
      const why = await run(Store, redis, schedule, trace).then(
        () => 'not again',
        (error: Error) => error.message,
      )
      const replay = `--seed ${batch} --path ${counterexamplePath}`
      return { schedules, ms: found - began, broken: { why, schedule, trace, replay } }
    }
    if (path !== undefined) break
  }
  return { schedules, ms: performance.now() - began }
}
