// Puts the store's Lua scripts, src/store/scripts/*.lua, into a TypeScript file, so that every build of it has them.
//   node scripts/store-scripts.mjs
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const store = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src/store')
const file = join(store, 'scripts.generated.ts')

/** @returns the TypeScript of all scripts. @param read reads a file: tests of tests change what is read. */
export function generated(read = (path) => readFileSync(path, 'utf8')) {
  const shared = new Map()
  const scripts = readdirSync(join(store, 'scripts'))
    .filter((name) => name.endsWith('.lua'))
    .sort()
    .map((name) => script(name, shared, read))
  const constants = [...shared].map(([name, value]) => `export const ${name} = ${value}\n`)
  return `// Written by scripts/store-scripts.mjs from scripts/*.lua: change those, and run it.

${[...constants, ...scripts].join('\n')}`
}

function script(name, shared, read) {
  const code = compile(read(join(store, 'scripts', name)), shared, read)
  const sha = createHash('sha1').update(code).digest('hex')
  return `export const ${constantCase(name.slice(0, -4))} = {\n  sha: '${sha}',\n  lua: \`${escaped(code)}\`,\n} as const\n`
}

/** Includes the shared pieces, names the arguments, and leaves out comments. */
function compile(lua, shared, read) {
  const lines = lua.split('\n').flatMap((line) => {
    const [, directive, words = ''] = /^\s*-- @(\w+) (.*)$/.exec(line) ?? []
    if (directive === 'include') {
      const piece = compile(read(join(store, 'scripts/includes', `${words}.lua`)), shared, read)
      // Scripts that are made at run time have it, too.
      if (['prune', 'session'].includes(words)) shared.set(constantCase(words), `\`${escaped(piece)}\``)
      return piece
    }
    if (directive === 'lists') return lists(words.split(' '), shared)
    // What both ends have to know.
    const [, constant, value] = /^local (NO_FIELD) = (.*)$/.exec(line) ?? []
    if (constant) shared.set(constant, value)
    return /^\s*(--.*)?$/.test(line) ? [] : line
  })
  return lines.join('\n')
}

/** The lists of a commit: their order is the same at both ends, as both have it from here. */
function lists(names, shared) {
  shared.set('COMMIT_LISTS', `[\n${names.map((name) => `  '${name}',\n`).join('')}] as const`)
  const lengths = names.map((name) => `${name}Length`)
  return [
    `  local mode, ttl, ${lengths.join(', ')} =`,
    `    string.match(take(), '^(%a+) (%d+)${' (%d+)'.repeat(names.length)}$')`,
    ...names.map((name) => `  local ${name}, ${name}End = take_list(${name}Length)`),
  ]
}

const escaped = (code) => code.replace(/[\\`]|\$\{/g, '\\$&')

const constantCase = (name) => name.replaceAll('-', '_').toUpperCase()

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, generated())
