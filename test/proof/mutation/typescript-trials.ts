import { readdirSync, readFileSync } from 'node:fs'
import type { Location } from '@stryker-mutator/api/core'
import type { Ignorer } from '@stryker-mutator/api/ignore'
import type { Logger } from '@stryker-mutator/api/logging'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { controlOf, type Trials } from './attempts.js'
import { Bundle } from './bundle.js'
import { filesOf } from './test-order.js'
import { QUICK_TESTS, TESTS } from './tests.js'

const FOLDER = 'src/store'
/** What others are, texts of Lua, and the program that packages.test.ts runs as it is packed. */
const NOT_MUTATED = ['index.ts', 'scripts.generated.ts', 'main.ts']

/** There are thousands of mutants, and what a law notices it notices soon. */
const CASES = 30

/** What Babel says of a text in the source, as far as it is used here. */
interface TextNode {
  readonly type: string
  readonly value?: string
  readonly quasis?: readonly { readonly value: { readonly raw: string } }[]
}

/** Texts for people: with a space in them, they are neither names nor codes. (And Lua, which has mutants of its own.) */
const messages: Ignorer = {
  shouldIgnore(path) {
    const { type, value = '', quasis = [] } = (path as unknown as { readonly node: TextNode }).node
    if (type !== 'StringLiteral' && type !== 'TemplateLiteral') return undefined
    return [value, ...quasis.map((quasi) => quasi.value.raw)].some((text) => text.includes(' '))
      ? 'a text for people'
      : undefined
  },
}

/**
 * @param isQuick without the tests that take longest.
 * @returns a trial of each mutant that Stryker makes of the store's TypeScript.
 */
export async function typescriptTrials(isQuick = false): Promise<Trials> {
  const tests = isQuick ? QUICK_TESTS : TESTS
  const sources = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !NOT_MUTATED.includes(name))
    .sort()
    .map((name) => `${FOLDER}/${name}`)
    .map((name) => ({ name, mutate: true, content: readFileSync(name, 'utf8') }))
  const options = { plugins: null, excludedMutations: [], ignorers: [messages] }
  const { files, mutants } = await new Instrumenter(SILENT).instrument(sources, options)
  const contents = new Map(files.map(({ name, content }) => [name, content]))
  const bundle = await Bundle.build(
    'typescript',
    tests,
    (path, source) => contents.get(path) ?? source,
    CASES,
  )
  const { control, report } = await controlOf(bundle, tests)
  const { perTest = {}, static: atLoading = {} } = report.coverage ?? {}
  const seen = new Map<string, number>()
  const trials = mutants
    .filter(({ status }) => status !== 'Ignored')
    .map((mutant) => {
      const { id, fileName, mutatorName } = mutant
      const source = sources.find(({ name }) => name === fileName)?.content ?? ''
      const shown = [textAt(source, mutant.location), mutant.replacement].map((text) =>
        text.replaceAll(/\s+/g, ' ').slice(0, 120),
      )
      const name = `${fileName.slice(FOLDER.length + 1)}: ${mutatorName}: ${shown.join('  →  ')}`
      const times = (seen.get(name) ?? 0) + 1
      seen.set(name, times)
      const covering = Object.keys(perTest).filter((test) => perTest[test]?.[id])
      return {
        name: times === 1 ? name : `${name} (${times})`,
        path: fileName,
        ...(atLoading[id]
          ? { files: tests.map((path) => ({ path })), env: { __STRYKER_ACTIVE_MUTANT__: id } }
          : { files: filesOf(covering), mutant: id }),
        bundle: async () => bundle,
      }
    })
  return { trials, control }
}

function textAt(source: string, { start, end }: Location): string {
  const lines = source.split('\n')
  const offsetOf = ({ line, column }: Location['start']) =>
    lines.slice(0, line).join('\n').length + Math.min(line, 1) + column
  return source.slice(offsetOf(start), offsetOf(end))
}

const nothing = () => {}
const SILENT: Logger = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => false,
  isErrorEnabled: () => false,
  isFatalEnabled: () => false,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
}
