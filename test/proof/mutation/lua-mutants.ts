import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Mutant, mutantsOf } from './mutate-lua.js'

/** Where the build has put the scripts: each is a template text, `lua:`, of this file. */
export const SCRIPTS_FILE = 'src/store/scripts.generated.ts'

/** @returns the mutants of all scripts of the store, as changes of SCRIPTS_FILE. */
export function luaMutants(): Mutant[] {
  const source = readFileSync(SCRIPTS_FILE, 'utf8')
  const scripts = [...source.matchAll(/export const (\w+) = \{[^`]*lua: `([^`]*)`/g)]
  if (scripts.length === 0) throw new Error(`${SCRIPTS_FILE}: found no script`)
  return scripts.flatMap(({ 0: whole, 1: name = '', 2: lua = '', index }) => {
    const from = index + whole.length - 1 - lua.length
    return mutantsOf(lua).map(({ start, end, text, what }) => ({
      start: from + start,
      end: from + end,
      text,
      what: `${name}: ${what}`,
    }))
  })
}

/** @returns the source of SCRIPTS_FILE with this change, and each script under its own hash. */
export function withMutant(source: string, { start, end, text }: Mutant): string {
  const changed = source.slice(0, start) + text + source.slice(end)
  return changed.replace(/sha: '\w+',(\s+lua: )`([^`]*)`/g, (_all, between: string, template: string) => {
    const lua = template.replace(/\\([\\`$])/g, '$1')
    return `sha: '${createHash('sha1').update(lua).digest('hex')}',${between}\`${template}\``
  })
}
