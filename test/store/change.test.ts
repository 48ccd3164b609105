import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applied,
  type Change,
  changeOf,
  type Fields,
  fieldsOf,
  NO_CHANGE,
  sameCookie,
  splitList,
  takesAway,
  updateOf,
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
    expect(add('9007199254740991', 2)).toBe('9007199254740993')
    expect(add('9007199254740993', -2)).toBe('9007199254740991')
    expect(add('-9223372036854775808', -1)).toBe('7')
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

  it('of a full list of equal entries is none while it stays so', () => {
    const trail = Array(20).fill('a')
    expect(changeOf(fieldsOf({ trail }, RULES), { trail }, RULES)).toBeUndefined()
  })

  it('of a full list keeps what is at its end, and appends the rest', () => {
    const trail = Array.from({ length: 20 }, (_, i) => i)
    const base = fieldsOf({ trail }, RULES)
    const appended = (now: unknown[]) => changeOf(base, { trail: now }, RULES)?.appended.get('trail')
    expect(appended([...trail.slice(2), 'a', 'b'])).toEqual(['"a"', '"b"'])
    expect(appended([...trail, 'a'])).toEqual(['"a"'])
    // Of none: others may begin it at the same time.
    expect(changeOf(new Map(), { trail: [1] }, RULES)?.appended.get('trail')).toEqual(['1'])
    // A full list of none of them: all are new.
    expect(appended(trail.map((i) => i + 100))).toHaveLength(20)
    expect(appended([...trail.slice(2), 'a'])).toBeUndefined()
    expect(changeOf(base, { trail: [...trail.slice(2), 'a'] }, RULES)?.set.has('trail')).toBe(true)
  })

  it('counts from nothing, and up to what is exact', () => {
    const added = (was: unknown, is: unknown) => {
      const base = fieldsOf(was === undefined ? {} : { visits: was }, RULES)
      return changeOf(base, { visits: is }, RULES)?.added.get('visits')
    }
    expect(added(undefined, 3)).toEqual({ by: 3, total: 3 })
    expect(added(undefined, 0)).toEqual({ by: 0, total: 0 })
    expect(added(-1, 1)).toEqual({ by: 2, total: 1 })
    expect(added(0, Number.MAX_SAFE_INTEGER)).toBeDefined()
    expect(added(0, 2 ** 53)).toBeUndefined()
    expect(added(-2, Number.MAX_SAFE_INTEGER)).toBeUndefined()
    expect(added(1.5, 2)).toBeUndefined()
    expect(added(1, 2.5)).toBeUndefined()
    expect(added(1, '2')).toBeUndefined()
    expect(added('1', 2)).toBeUndefined()
  })

  it('deletes what is gone, whatever else is there', () => {
    const base = fieldsOf({ a: 1, trail: [1], visits: 1 }, RULES)
    const deleted = (now: object) => [...(changeOf(base, now, RULES)?.deleted ?? [])].sort()
    expect(deleted({ a: 1, trail: [1], visits: 1, b: 1 })).toEqual([])
    expect(deleted({ trail: [1], visits: 1, b: 1, c: 1 })).toEqual(['a'])
    expect(deleted({ a: 1, visits: 1, b: 1 })).toEqual(['trail'])
    expect(deleted({ b: 1, c: 1, d: 1 })).toEqual(['a', 'trail', 'visits'])
  })

  it('of a key that is half a character is refused: Redis would have it under another name', () => {
    const refused = /keys are text; found half of a surrogate pair in "a\\ud83c"/
    expect(() => changeOf(new Map(), { 'a\ud83c': 1 }, RULES)).toThrow(refused)
    expect(() => fieldsOf({ 'a\ud83c': 1 }, RULES)).toThrow(refused)
    expect(fieldsOf({ '🍪': 1 }, RULES).get('🍪')).toBe('1')
  })
})

describe('a list', () => {
  it('has its entries as they were written, also those that JavaScript knows no number for', () => {
    expect(splitList('[12345678901234567890,\n1.0]')).toEqual(['12345678901234567890', '1.0'])
    expect(splitList('[1, "a"]')).toEqual(['1', '"a"'])
    expect(splitList('[]')).toEqual([])
    expect(splitList(undefined)).toEqual([])
    expect(splitList('"a"')).toBeUndefined()
    expect(splitList('{"a":[]}')).toBeUndefined()
  })

  it('is stored with a separator between its entries, and null for what JSON has none for', () => {
    const holes: unknown[] = ['a', undefined, () => 1]
    holes[4] = 'b'
    expect(fieldsOf({ trail: holes }, RULES).get('trail')).toBe('["a",\nnull,\nnull,\nnull,\n"b"]')
    expect(fieldsOf({ trail: 'none', notes: ['a', 'b'] }, RULES)).toEqual(
      new Map([
        ['trail', '"none"'],
        ['notes', '["a","b"]'],
      ]),
    )
  })

  it('keeps its newest entries', () => {
    const rules = { ...RULES, cappedLists: new Map([['trail', 3]]) }
    const append = (was: string | undefined, ...entries: string[]) => {
      const change = { ...NO_CHANGE, appended: new Map([['trail', entries]]) }
      return applied(new Map(was === undefined ? [] : [['trail', was]]), change, rules).get('trail')
    }
    expect(append(undefined, '1')).toBe('[1]')
    expect(append('[1,\n2]', '3')).toBe('[1,\n2,\n3]')
    expect(append('[1,\n2,\n3]', '4')).toBe('[2,\n3,\n4]')
    expect(append('[1]', '2', '3', '4')).toBe('[2,\n3,\n4]')
    expect(append('"none"', '1')).toBe('[1]')
  })
})

describe('two cookies are the same', () => {
  const cookie = { originalMaxAge: null, expires: null, path: '/', httpOnly: true }
  const same = (was: object, is: object) => sameCookie(JSON.stringify(was), JSON.stringify(is))

  it('if they say the same, or one says what the other means', () => {
    expect(same(cookie, cookie)).toBe(true)
    expect(same({}, cookie)).toBe(true)
    expect(same(cookie, {})).toBe(true)
    expect(same({ ...cookie, secure: false, domain: null }, cookie)).toBe(true)
  })

  it('if only an expiry moved that moves with each use', () => {
    const sliding = { ...cookie, originalMaxAge: 1_000, expires: '2026-01-01T00:00:00.000Z' }
    expect(same(sliding, { ...sliding, expires: '2026-01-02T00:00:00.000Z' })).toBe(true)
    expect(same({ ...cookie, expires: '2026-01-01T00:00:00.000Z' }, cookie)).toBe(true)
  })

  it.each<[string, object, object]>([
    ['the path', cookie, { ...cookie, path: '/a' }],
    ['no path', cookie, { ...cookie, path: null }],
    ['httpOnly', cookie, { ...cookie, httpOnly: false }],
    ['something new', cookie, { ...cookie, secure: true }],
    ['something gone', { ...cookie, secure: true }, cookie],
    ['the maxAge', cookie, { ...cookie, originalMaxAge: 1_000 }],
    ['a maxAge of 0', cookie, { ...cookie, originalMaxAge: 0 }],
    ['an end at a fixed time', cookie, { ...cookie, expires: '2026-01-01T00:00:00.000Z' }],
    [
      'the maxAge of an end at a fixed time',
      { ...cookie, expires: '2026-01-01T00:00:00.000Z' },
      { ...cookie, originalMaxAge: 5 },
    ],
    [
      'another end at a fixed time',
      { ...cookie, expires: '2026-01-01T00:00:00.000Z' },
      { ...cookie, expires: '2026-01-02T00:00:00.000Z' },
    ],
  ])('but not if they differ in %s', (_what, was, is) => {
    expect(same(was, is)).toBe(false)
  })
})

describe('an update', () => {
  const PARTS = ['add', 'append']
  const of = (update: object) => updateOf(update, RULES, PARTS)

  it('adds and appends what it says, and nothing else', () => {
    const change = of({ add: { visits: 2, clicks: -1 }, append: { trail: ['a', undefined] } })
    expect(change).toEqual({
      ...NO_CHANGE,
      added: new Map([
        ['visits', { by: 2, total: 2 }],
        ['clicks', { by: -1, total: -1 }],
      ]),
      appended: new Map([['trail', ['"a"', 'null']]]),
    })
    expect(of({})).toEqual(NO_CHANGE)
    expect(of({ append: { trail: undefined } })).toEqual(NO_CHANGE)
    expect(of({ append: { trail: [] } })).toEqual(NO_CHANGE)
  })

  it.each<[unknown, RegExp]>([
    [undefined, /^update: expected an object such as .*found undefined$/],
    [null, /found null$/],
    ['add', /found string$/],
    [Promise.resolve({}), /found a promise$/],
    [{ ad: {} }, /^update: expected add, append, found ad$/],
    [{ add: { other: 1 } }, /whole numbers for declared counters, found other: 1$/],
    [{ add: { visits: 1.5 } }, /found visits: 1.5$/],
    [{ add: { visits: '1' } }, /found visits: string$/],
    [{ append: { other: [] } }, /^update: other is not declared as a capped list$/],
    [{ append: { trail: 'a' } }, /^update: expected an array for trail, found string$/],
  ])('that makes no sense is refused in words: %o', (update, message) => {
    expect(() => of(update as object)).toThrow(TypeError)
    expect(() => of(update as object)).toThrow(message)
  })
})
