import { describe, expect, it } from 'vitest'
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
