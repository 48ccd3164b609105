/** A change of a text at one place. */
export interface Mutant {
  readonly start: number
  readonly end: number
  readonly text: string
  /** What it changes, for a reader. */
  readonly what: string
}

// What stands for a value in a template text (no Lua has it) is one word; a backslash belongs to the text around a script.
const TOKEN =
  /\$\{(?:[^{}`]|`[^`]*`)*\}|--[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|[A-Za-z_]\w*|\d+(?:\.\d+)?|==|~=|<=|>=|\.\.|[^\s]/g

const SWAPPED: Readonly<Record<string, string>> = {
  '==': '~=',
  '~=': '==',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  and: 'or',
  or: 'and',
  true: 'false',
  false: 'true',
}
const OPENS = new Set(['function', 'do', 'then', 'repeat'])
const CLOSES = new Set(['end', 'until'])

/** @returns small changes of a Lua script, each of which a test should notice: operators, constants, conditions, lines that are dropped. */
export function mutantsOf(lua: string): Mutant[] {
  const mutants: Mutant[] = []
  const add = (start: number, end: number, text: string) => {
    const lineStart = lua.lastIndexOf('\n', start - 1) + 1
    const lineEnd = lua.indexOf('\n', end)
    const line = lua.slice(lineStart, lineEnd < 0 ? undefined : lineEnd)
    const changed = line.slice(0, start - lineStart) + text + line.slice(end - lineStart)
    mutants.push({ start, end, text, what: `${line.trim()}  →  ${changed.trim() || '(dropped)'}` })
  }
  let conditionFrom: number | undefined
  for (const { 0: token, index } of lua.matchAll(TOKEN)) {
    const end = index + token.length
    const swapped = Object.hasOwn(SWAPPED, token) ? SWAPPED[token] : undefined
    if (changesNothing(lua, index, end)) continue
    if (swapped !== undefined) add(index, end, swapped)
    else if (/^\d/.test(token)) add(index, end, `${Number(token) + 1}`)
    else if (token === 'not') add(index, end, '')
    else if (token === '-' && /[\w)]\s*$/.test(lua.slice(0, index))) add(index, end, '+')
    else if (token === 'if' || token === 'elseif') conditionFrom = end
    else if (token === 'then' && conditionFrom !== undefined) {
      for (const always of ['true', 'false']) add(conditionFrom, index, ` ${always} `)
      conditionFrom = undefined
    }
  }
  let at = 0
  for (const line of lua.split('\n')) {
    if (isStatement(line)) add(at, at + line.length, '')
    at += line.length + 1
  }
  return mutants
}

/** Whether a mutant of this token would be the same script: `x + 0`, which only makes a number of x; `plain` for a text without magic. */
function changesNothing(lua: string, start: number, end: number): boolean {
  const [before, token, after] = [lua.slice(0, start), lua.slice(start, end), lua.slice(end)]
  if (token === '+') return /^ 0\b(?!\.)/.test(after)
  return token === 'true' && after.startsWith(')') && /'(?:[^'^$()%.[\]*+?-])*', [^,()]+, $/.test(before)
}

/** Whether a line can go without leaving a block open, or a name that later lines need. */
function isStatement(line: string): boolean {
  const words = [...line.matchAll(TOKEN)].map(([token]) => token).filter((token) => !token.startsWith('--'))
  const depth = words.reduce((sum, word) => sum + Number(OPENS.has(word)) - Number(CLOSES.has(word)), 0)
  const [first] = words
  return depth === 0 && first !== undefined && !['local', 'else', 'elseif', '}'].includes(first)
}
