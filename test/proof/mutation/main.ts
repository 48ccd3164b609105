// Changes the store in one place at a time, and looks whether a test or a schedule notices:
//   npm run mutation -- [--of lua|typescript] [--only TEXT] [--most N] [--fresh] [--workers 2] [--budget MS] [--survivors] [--quick]
// --only those whose name has TEXT; --most N of them, from everywhere; --survivors: of those that survived the last time; --budget: the tests of each take no longer (on a
// quiet machine), so that those that nearly all notice are found first; --quick: without the tests that take longest (TypeScript).
// What became of each is remembered in dist/proof: those that were noticed are not tried again until their file changes, or with
// --fresh; those that survived come after those that nobody has tried. It ends with 1 if one survives that explained-survivors.ts
// doesn't explain, or explains in vain.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { exitOnSignals } from '../../support/at-exit.js'
import { type Trial, type Trials, tryAll, type Verdict } from './attempts.js'
import { EXPLAINED } from './explained-survivors.js'
import { luaTrials } from './lua-trials.js'
import { type Stratum, sampledScore } from './sampled-score.js'
import { typescriptTrials } from './typescript-trials.js'

const KINDS: Readonly<Record<string, (isQuick?: boolean) => Promise<Trials>>> = {
  lua: luaTrials,
  typescript: typescriptTrials,
}

const WORKERS = 2
const SCORE_EVERY = 50
/** Whoever explained one had it tried with all tests; that these still don't notice it is to be seen, in ms of a quiet machine. */
const EXPLAINED_MS = 3_000
/** Each pass goes through all files: what has been tried is an even sample at any time. */
const PASSES = 10

interface Remembered {
  /** Absent if it survived. */
  readonly by?: string
  /** Of the file that the mutant is of. */
  readonly hash: string
}

const { values } = parseArgs({
  options: {
    of: { type: 'string' },
    only: { type: 'string' },
    most: { type: 'string' },
    fresh: { type: 'boolean' },
    survivors: { type: 'boolean' },
    workers: { type: 'string' },
    budget: { type: 'string' },
    quick: { type: 'boolean' },
  },
})
const chosen = Object.entries(KINDS).filter(([kind]) => values.of === undefined || values.of === kind)
if (chosen.length === 0) {
  console.error(`--of takes ${Object.keys(KINDS).join(' or ')}`)
  process.exit(78)
}
exitOnSignals()
mkdirSync('dist/proof', { recursive: true })
let held = true
for (const [kind, trialsOf] of chosen) held = (await score(kind, trialsOf)) && held
process.exit(held ? 0 : 1)

/** @returns whether each mutant was noticed, or is explained. */
async function score(kind: string, trialsOf: (isQuick?: boolean) => Promise<Trials>): Promise<boolean> {
  const file = `dist/proof/mutation-${kind}.json`
  const known: Record<string, Remembered> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  const { trials, control } = await trialsOf(values.quick)
  const named = trials.filter(({ name }) => name.includes(values.only ?? ''))
  const step = Math.max(1, named.length / Number(values.most ?? named.length))
  const wanted = named.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step))
  const isTried = ({ name, path }: Trial) => known[name]?.hash === hashOf(path)
  const isKnown = (trial: Trial) => !values.fresh && isTried(trial) && known[trial.name]?.by !== undefined
  // Or did before its file changed.
  const survived = ({ name }: Trial) => known[name] !== undefined && known[name].by === undefined
  const explained = EXPLAINED[kind] ?? {}
  // Those that will survive take longest, and those of them that are explained show nothing new.
  const rank = (trial: Trial) => Number(isTried(trial)) + 2 * Number(explained[trial.name] !== undefined)
  const budgetOf = ({ name }: Trial) => {
    if (explained[name] !== undefined) return { budgetMs: EXPLAINED_MS }
    return values.budget === undefined ? {} : { budgetMs: Number(values.budget) }
  }
  const open = wanted
    .filter((trial) => !isKnown(trial) && (!values.survivors || survived(trial)))
    .map((trial, i) => ({ trial, pass: i % PASSES }))
    .sort((one, other) => rank(one.trial) - rank(other.trial) || one.pass - other.pass)
    .map(({ trial }) => ({ ...trial, ...budgetOf(trial) }))
  const survivors: string[] = []
  let tried = 0
  const note = ({ name, path }: Trial, verdict: Verdict, ms: number) => {
    tried += 1
    const said = verdict === 'survived' ? verdict : `noticed by ${verdict.by}`
    console.log(
      `${tried}/${open.length} ${(ms / 1000).toFixed(1)} s  ${name}\n    ${said.replaceAll(/\s+/g, ' ').slice(0, 160)}`,
    )
    if (verdict === 'survived') survivors.push(name)
    known[name] = { ...(verdict === 'survived' ? {} : verdict), hash: hashOf(path) }
    writeFileSync(file, JSON.stringify(known, undefined, 2))
    if (tried % SCORE_EVERY === 0) console.log(scoreOf(kind, wanted, known))
  }
  const { controls, red } = await tryAll(open, control, {
    workers: Number(values.workers ?? WORKERS),
    done: note,
  })
  const unexplained = survivors.filter((name) => explained[name] === undefined)
  const inVain = Object.keys(explained).filter((name) => isIn(wanted, name) && known[name]?.by !== undefined)
  console.log(
    `\n${kind}: ${scoreOf(kind, wanted, known)}; of this ` +
      `run's survivors ${survivors.length - unexplained.length} are explained; of ${controls} runs without a change ${red.length} failed`,
  )
  for (const name of unexplained) console.log(`  survived: ${name}`)
  for (const name of inVain) console.log(`  explained, but noticed: ${name}`)
  for (const failed of red) console.log(`  failed without a change: ${failed}`)
  return unexplained.length + inVain.length + red.length === 0
}

/** @returns how many there are, were tried and noticed; and what those that were tried say of all, each file by its mutants. */
function scoreOf(
  kind: string,
  wanted: readonly Trial[],
  known: Readonly<Record<string, Remembered>>,
): string {
  const paths = [...new Set(wanted.map(({ path }) => path))]
  const strata = paths.map((path) => {
    const hash = hashOf(path)
    const mutants = wanted.filter((trial) => trial.path === path)
    const tried = mutants.filter(({ name }) => known[name]?.hash === hash)
    const noticed = tried.filter(({ name }) => known[name]?.by !== undefined)
    const explained = tried.filter((trial) => !noticed.includes(trial) && EXPLAINED[kind]?.[trial.name])
    const { length } = explained
    return { mutants: mutants.length, tried: tried.length, noticed: noticed.length, explained: length }
  })
  const [tried, noticed] = [sumOf(strata, 'tried'), sumOf(strata, 'noticed')]
  const explained = strata.reduce((sum, stratum) => sum + stratum.explained, 0)
  const { score, margin, mutants } = sampledScore(strata)
  return (
    `${wanted.length} mutants, ${tried} tried, ${noticed} noticed (${((100 * noticed) / tried).toFixed(1)} %), ${explained} of the others explained; ` +
    `noticed by files ${score.toFixed(1)} ± ${margin.toFixed(1)} % of ${mutants}`
  )
}

function sumOf(strata: readonly Stratum[], what: keyof Stratum): number {
  return strata.reduce((sum, stratum) => sum + stratum[what], 0)
}

function isIn(trials: readonly Trial[], name: string): boolean {
  return trials.some((trial) => trial.name === name)
}

function hashOf(path: string): string {
  return createHash('sha1').update(readFileSync(path)).digest('hex')
}
