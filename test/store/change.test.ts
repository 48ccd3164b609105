import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applied,
  type Change,
  changeOf,
  type Fields,
  fieldsOf,
  NO_CHANGE,
  splitList,
  takesAway,
} from '../../src/store/change.js'
import { anyChange, anyData, RULES } from './arbitraries.js'

const made = (fields: Fields, ...changes: (Change | undefined)[]) =>
  changes.reduce<Fields>((left, change) => (change ? applied(left, change, RULES) : left), fields)
const same = (a: Fields, b: Fields) => expect(Object.fromEntries(a)).toEqual(Object.fromEntries(b))

describe('a change', () => {
  it('of nothing is nothing', () => {
    fc.assert(
      fc.property(anyData, (data) => {
        expect(changeOf(fieldsOf(data, RULES), JSON.parse(JSON.stringify(data)), RULES)).toBeUndefined()
      }),
    )
  })

  it('makes of the base what the session was made into', () => {
    fc.assert(
      fc.property(anyData, anyData, (before, now) => {
        const base = fieldsOf(before, RULES)
        const expected = new Map(fieldsOf(now, RULES))
        // A log keeps its newest entries, however many the session holds.
        for (const [name, length] of RULES.cappedLists) {
          const change = changeOf(base, now, RULES)
          const entries = change?.appended.has(name) ? splitList(expected.get(name)) : undefined
          if (entries) expected.set(name, `[${entries.slice(-length).join(',\n')}]`)
        }
        same(made(base, changeOf(base, now, RULES)), expected)
      }),
    )
  })

  it('commutes with one of other keys', () => {
    fc.assert(
      fc.property(anyData, anyChange, anyChange, (data, a, other) => {
        const taken = new Set([...a.set.keys(), ...a.deleted, ...a.added.keys(), ...a.appended.keys()])
        const free = <V>(map: ReadonlyMap<string, V>) =>
          new Map([...map].filter(([name]) => !taken.has(name)))
        const b = {
          set: free(other.set),
          deleted: new Set([...other.deleted].filter((name) => !taken.has(name))),
          added: free(other.added),
          appended: free(other.appended),
        }
        const base = fieldsOf(data, RULES)
        same(made(base, a, b), made(base, b, a))
      }),
    )
  })

  it('adds to a counter, whoever comes first', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 20 }),
        (start, steps) => {
          const base = fieldsOf({ visits: start }, RULES)
          const changes = steps.map((by) => changeOf(base, { visits: start + by }, RULES))
          const sum = String(steps.reduce((total, by) => total + by, start))
          expect(made(base, ...changes).get('visits')).toBe(sum)
          expect(made(base, ...changes.reverse()).get('visits')).toBe(sum)
        },
      ),
    )
  })

  it('loses no entry of a log that is long enough', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.array(fc.nat(), { minLength: 1, maxLength: 5 }), (before, own) => {
        const log = before.map((n) => `before ${n}`).slice(-10)
        const base = fieldsOf({ trail: log }, RULES)
        const changes = own.map((n, i) => changeOf(base, { trail: [...log, `${i}: ${n}`] }, RULES))
        const entries = splitList(made(base, ...changes).get('trail')) ?? []
        own.forEach((n, i) => {
          expect(entries).toContain(JSON.stringify(`${i}: ${n}`))
        })
      }),
    )
  })

  it('that deletes a key wins over those that leave it alone', () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const base = fieldsOf({ ...data, a: 1 }, RULES)
        const deletes = changeOf(base, data, RULES)
        fc.pre(!('a' in data))
        const other = changeOf(base, { ...data, a: 1, b: 'new' }, RULES)
        for (const changes of [
          [deletes, other],
          [other, deletes],
        ]) {
          const result = made(base, ...changes)
          expect(result.has('a')).toBe(false)
          expect(result.get('b')).toBe('"new"')
        }
      }),
    )
  })

  it('is not what another program wrote in other words', () => {
    const base = new Map([
      ['id', '12345678901234567890'],
      ['list', '[ ]'],
      ['trail', '[1,2]'],
    ])
    expect(changeOf(base, { id: 1.2345678901234567e19, list: [], trail: [1, 2] }, RULES)).toBeUndefined()
    const foreign = new Map([['trail', '[12345678901234567890,\n1.0]']])
    expect(changeOf(foreign, { trail: [1.2345678901234567e19, 1] }, RULES)).toBeUndefined()
  })

  it('writes a list anew whose entries a script could not tell apart', () => {
    const grown = (was: string) => changeOf(new Map([['trail', was]]), { trail: [1, 2, 3] }, RULES)
    expect(grown('[1,2]')?.set.get('trail')).toBe('[1,\n2,\n3]')
    expect(grown('[1,\n2]')).toMatchObject({ set: new Map(), appended: new Map([['trail', ['3']]]) })
    expect(changeOf(new Map([['trail', '[1]']]), { trail: [1, 2] }, RULES)?.appended.get('trail')).toEqual([
      '2',
    ])
  })

  it('stores nothing for what JSON knows as nothing', () => {
    expect([...fieldsOf({ a: undefined, b: () => 1, c: null }, RULES)]).toEqual([['c', 'null']])
  })

  it('takes undefined, functions and what JSON knows as nothing for deleted', () => {
    const base = fieldsOf({ a: 1, b: 2, c: 3 }, RULES)
    const change = changeOf(base, { a: undefined, b: () => 1 }, RULES)
    expect([...(change?.deleted ?? [])].sort()).toEqual(['a', 'b', 'c'])
  })

  it('of a maxAge of 0 to none is one', () => {
    const base = fieldsOf({ cookie: { originalMaxAge: 0, expires: '2026-01-01T00:00:00.000Z' } }, RULES)
    expect(changeOf(base, { cookie: { originalMaxAge: null, expires: null } }, RULES)?.set.size).toBe(1)
  })

  it('only takes away, or not: what was added, appended or set anew is more than its session had', () => {
    const base = fieldsOf(
      { visits: 1, trail: ['a'], notes: ['a', 'b'], user: { name: 'ada', cart: { a: 1 } } },
      RULES,
    )
    const takes = (now: object) => takesAway(changeOf(base, now, RULES) ?? NO_CHANGE, base)
    const all = { visits: 1, trail: ['a'], notes: ['a', 'b'], user: { name: 'ada', cart: { a: 1 } } }
    expect(takes({})).toBe(true)
    expect(takes(all)).toBe(true)
    expect(takes({ ...all, notes: ['b'] })).toBe(true)
    expect(takes({ ...all, user: { name: 'ada', cart: {} } })).toBe(true)
    expect(takes({ ...all, user: null })).toBe(true)
    expect(takes({ ...all, visits: 2 })).toBe(false)
    expect(takes({ ...all, trail: ['a', 'b'] })).toBe(false)
    expect(takes({ ...all, notes: ['b', 'c'] })).toBe(false)
    expect(takes({ ...all, notes: 'b' })).toBe(false)
    expect(takes({ ...all, user: ['ada'] })).toBe(false)
    expect(takes({ ...all, user: { name: 'eve' } })).toBe(false)
    expect(takes({ ...all, more: [1] })).toBe(false)
    expect(takes({ ...all, more: { a: 1 } })).toBe(false)
  })

  it('adds to a counter in 64 bits, as Redis does, and starts anew from what no counter can be', () => {
    const add = (found: string | undefined, by: number) => {
      const fields = new Map(found === undefined ? [] : [['visits', found]])
      const change = { ...NO_CHANGE, added: new Map([['visits', { by, total: 7 }]]) }
      return applied(fields, change, RULES).get('visits')
    }
    expect(add(undefined, 2)).toBe('2')
    expect(add('9007199254740993', 2)).toBe('9007199254740995')
    expect(add('9223372036854775806', 1)).toBe('9223372036854775807')
    expect(add('9223372036854775807', 1)).toBe('7')
    expect(add('9223372036854775808', -1)).toBe('7')
    expect(add('1.5', 1)).toBe('7')
    expect(add('', 1)).toBe('7')
  })

  it('of a cookie alone is none while only its expiry moved', () => {
    const cookie = { originalMaxAge: 1000, expires: '2026-01-01T00:00:00.000Z', path: '/' }
    const base = fieldsOf({ cookie }, RULES)
    expect(
      changeOf(base, { cookie: { ...cookie, expires: '2026-01-02T00:00:00.000Z' } }, RULES),
    ).toBeUndefined()
    expect(changeOf(base, { cookie: { ...cookie, originalMaxAge: 2000 } }, RULES)?.set.has('cookie')).toBe(
      true,
    )
  })
})
