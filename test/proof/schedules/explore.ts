import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { anySchedule, run, type Schedule, type StoreClass } from './schedule.js'

/** A change of the store's source text: each pair is replaced in whichever file has it. */
export type Edit = readonly (readonly [find: RegExp, replacement: string])[]

/** @returns the store's class, built from its source with these changes. @throws Error if one of them finds nothing to change. */
export async function buildStore(edits: Edit = []): Promise<StoreClass> {
  const missing = new Set(edits)
  const name = createHash('sha1').update(String(edits)).digest('hex').slice(0, 12)
  const outfile = resolve(`dist/proof/store-${name}.js`)
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
            let contents = await readFile(path, 'utf8')
            for (const edit of edits) {
              const changed = contents.replace(edit[0], edit[1])
              if (changed !== contents) missing.delete(edit)
              contents = changed
            }
            return { contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  if (missing.size > 0) throw new Error(`nothing to change: ${[...missing].map(([find]) => find).join(', ')}`)
  return ((await import(pathToFileURL(outfile).href)) as { ExactRedisStore: StoreClass }).ExactRedisStore
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

/** Plays schedules until one breaks a promise, or the time is over. */
export async function explore(
  Store: StoreClass,
  redis: Redis,
  { ms, seed, path }: { ms: number; seed: number; path?: string | undefined },
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
  for (let batch = seed; performance.now() < began + ms; batch += 1) {
    const parameters = { seed: batch, numRuns: BATCH, ...(path === undefined ? {} : { path }) }
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
