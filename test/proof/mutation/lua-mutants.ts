import { readdirSync, readFileSync } from 'node:fs'
import { type Mutant, mutantsOf } from './mutate-lua.js'

const SCRIPTS = 'src/store/scripts'
/** Where scripts are put together from template texts. */
const LEAN = 'src/store/lean-commits.ts'

export interface LuaMutant extends Mutant {
  readonly path: string
  /** What it changes, and in which file: no other has this name. */
  readonly name: string
}

/** @returns the mutants of all scripts of the store: of its files, and of what other scripts are put together from. */
export function luaMutants(): LuaMutant[] {
  const files = readdirSync(SCRIPTS, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.lua'),
  )
  const all = files.sort().flatMap((name) => {
    const path = `${SCRIPTS}/${name}`
    return mutantsIn(path, [{ start: 0, lua: readFileSync(path, 'utf8') }])
  })
  const lean = templates(readFileSync(LEAN, 'utf8')).filter(isLua)
  if (lean.length === 0) throw new Error(`${LEAN}: found no script`)
  const seen = new Map<string, number>()
  return [...all, ...mutantsIn(LEAN, lean)].map((mutant) => {
    const times = (seen.get(mutant.name) ?? 0) + 1
    seen.set(mutant.name, times)
    return times === 1 ? mutant : { ...mutant, name: `${mutant.name} (${times})` }
  })
}

interface Text {
  readonly start: number
  readonly lua: string
}

function mutantsIn(path: string, texts: readonly Text[]): LuaMutant[] {
  return texts.flatMap(({ start, lua }) =>
    mutantsOf(lua).map((mutant) => ({
      ...mutant,
      path,
      name: `${path.slice(path.lastIndexOf('/') + 1)}: ${mutant.what}`,
      start: start + mutant.start,
      end: start + mutant.end,
    })),
  )
}

/** Whether a template text has words that Lua has and texts for people haven't. */
function isLua({ lua }: Text): boolean {
  return /\blocal \w|\bthen\b|redis\.p?call/.test(lua)
}

/** @returns the outermost template texts of a source. */
function templates(source: string): Text[] {
  const found: Text[] = []
  const endOf = (from: number): number => {
    for (let at = from; at < source.length; at += 1) {
      if (source[at] === '\\') at += 1
      else if (source[at] === '`') return at
      else if (source.startsWith('${', at)) at = endOfPlaceholder(at + 2)
    }
    return source.length
  }
  const endOfPlaceholder = (from: number): number => {
    let depth = 0
    for (let at = from; at < source.length; at += 1) {
      if (source[at] === '`') at = endOf(at + 1)
      else if (source[at] === '{') depth += 1
      else if (source[at] === '}' && depth-- === 0) return at
    }
    return source.length
  }
  const code = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|`/g
  for (let match = code.exec(source); match; match = code.exec(source)) {
    if (match[0] !== '`') continue
    const start = match.index + 1
    const end = endOf(start)
    found.push({ start, lua: source.slice(start, end) })
    code.lastIndex = end + 1
  }
  return found
}
