import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { controlOf, type Trials } from './attempts.js'
import { Bundle } from './bundle.js'
import { type LuaMutant, luaMutants } from './lua-mutants.js'
import { LUA_TESTS } from './tests.js'

/** What scripts/store-scripts.mjs writes of the scripts. */
const GENERATED = 'src/store/scripts.generated.ts'

const { generated } = (await import(pathToFileURL(resolve('scripts/store-scripts.mjs')).href)) as {
  generated: (read: (path: string) => string) => string
}

/** @returns a trial of each mutant of the store's scripts. */
export async function luaTrials(): Promise<Trials> {
  const { control } = await controlOf(await Bundle.build('control', LUA_TESTS), LUA_TESTS)
  const files = LUA_TESTS.map((path) => ({ path }))
  const trials = luaMutants().map((mutant) => ({
    name: mutant.name,
    path: mutant.path,
    files,
    bundle: (worker: string) => Bundle.build(`lua-${worker}`, LUA_TESTS, changeOf(mutant)),
  }))
  return { trials, control }
}

function changeOf({ path, start, end, text }: LuaMutant): (path: string, source: string) => string {
  const changed = (source: string) => source.slice(0, start) + text + source.slice(end)
  const read = (file: string) => {
    const source = readFileSync(file, 'utf8')
    return relative(process.cwd(), file) === path ? changed(source) : source
  }
  return (file, source) => {
    if (file === path) return changed(source)
    return file === GENERATED ? generated(read) : source
  }
}
