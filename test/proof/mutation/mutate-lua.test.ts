import { describe, expect, it } from 'vitest'
import { EXPLAINED } from './explained-survivors.js'
import { luaMutants } from './lua-mutants.js'
import { mutantsOf } from './mutate-lua.js'

const changes = (lua: string) => mutantsOf(lua).map(({ what }) => what.split('  →  ')[1])

describe('the mutants of a Lua script', () => {
  it('change operators and constants, one at a time', () => {
    expect(changes('local a = b + 1 <= c and not d')).toEqual([
      'local a = b - 1 <= c and not d',
      'local a = b + 2 <= c and not d',
      'local a = b + 1 < c and not d',
      'local a = b + 1 <= c or not d',
      'local a = b + 1 <= c and  d',
    ])
  })

  it('make each condition always true, and always false', () => {
    expect(changes('if a then\n  local b = 0\nend')).toEqual(['if true then', 'if false then', 'local b = 1'])
  })

  it('drop lines that are whole statements', () => {
    expect(changes("redis.call('DEL', key)\nfor i in all do\nend")).toEqual(['(dropped)'])
    expect(changes('if a then return b end').at(-1)).toBe('(dropped)')
  })

  it('leave texts and comments as they are, and a sign that is no difference', () => {
    expect(changes("local a = 'x == 1 and 2' -- 3 or 4")).toEqual([])
    expect(changes('local a = (-b)')).toEqual([])
  })

  it('leave out what would be the same script', () => {
    expect(changes('local a = b + 0 == c + 0.5')).toEqual([
      'local a = b + 1 == c + 0.5',
      'local a = b + 0 ~= c + 0.5',
      'local a = b + 0 == c - 0.5',
      'local a = b + 0 == c + 1.5',
    ])
    expect(changes("local a = string.find(b, ', ', c, true)")).toEqual([])
    expect(changes("local a = string.find(b, '.', c, true)")).toHaveLength(1)
  })

  it('take what stands for a value in a template text for a word', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a source has.
    expect(changes('local a${i} = ${b ? `c - 1` : 2} + d')).toEqual(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as above.
      ['local a${i} = ${b ? `c - 1` : 2} - d'],
    )
  })

  it('are made by replacing what they name', () => {
    const lua = 'local a = 1\nlocal b = a == 2'
    const texts = mutantsOf(lua).map(({ start, end, text }) => lua.slice(0, start) + text + lua.slice(end))
    expect(texts).toEqual([
      'local a = 2\nlocal b = a == 2',
      'local a = 1\nlocal b = a ~= 2',
      'local a = 1\nlocal b = a == 3',
    ])
  })
})

describe('the mutants of the store', () => {
  const names = luaMutants().map(({ name }) => name)

  it('are of each script, and of those that are put together at run time, each with a name of its own', () => {
    expect(new Set(names).size).toBe(names.length)
    const files = new Set(names.map((name) => name.slice(0, name.indexOf(':'))))
    expect([...files]).toEqual(expect.arrayContaining(['commit.lua', 'prune.lua', 'lean-commits.ts']))
  })

  it('are there, if it is explained why no test can notice them', () => {
    for (const name of Object.keys(EXPLAINED.lua ?? {})) expect(names).toContain(name)
  })
})
