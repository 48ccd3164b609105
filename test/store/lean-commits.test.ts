import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { applied, type Change, fieldsOf, NO_CHANGE } from '../../src/store/change.js'
import type { Commit } from '../../src/store/commit.js'
import { LeanCommits } from '../../src/store/lean-commits.js'
import { fieldsOfReply } from '../../src/store/session-codec.js'
import { useRedis } from '../support/use-redis.js'
import { anyChange, anyData, RULES } from './arbitraries.js'
import { openQueue, UPDATE } from './commit-queue.js'

const { client } = await useRedis()
const usual = { ...UPDATE, cappedLists: RULES.cappedLists }

const fieldsIn = async (key: string) => {
  const reply = await client.hgetallBuffer(key)
  return fieldsOfReply(Object.entries(reply).flatMap(([name, text]) => [name, `${text}`]))
}
const callsOf = async (command: string) => {
  const line = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await client.info('commandstats'))
  return Number(line?.[1] ?? 0)
}
const without = (change: Change): Change => ({ ...change, deleted: new Set() })

async function open(key: string, fields: ReadonlyMap<string, string>) {
  const { queue, deadline } = openQueue(client, 'client', 5_000)
  const set = { set: fields, deleted: new Set<string>(), added: new Map(), appended: new Map() }
  const sliding = { kind: 'sliding', ms: 3_600_000 } as const
  await queue.send(
    key,
    { ...usual, mode: 'replace', ttlMs: 3_600_000, expiry: sliding, change: set },
    deadline(),
  )
  return (change: Change, more = {}) => queue.send(key, { ...usual, change, ...more }, deadline())
}

describe('the scripts that are made for a shape', () => {
  it('are another one for each shape, whatever the names say', () => {
    const lean = new LeanCommits('client')
    const scriptOf = (...names: string[]) => {
      const appended = new Map(names.map((name) => [name, ['1']]))
      const cappedLists = new Map(names.map((name) => [name, 20]))
      return lean.of({ ...usual, cappedLists, change: { ...NO_CHANGE, appended } }, 1, 1)?.script.sha
    }
    expect(scriptOf('1x', 'ABCDEFGHIJ')).not.toBe(scriptOf('xptrue20:10ABCDEFGHIJ'))
    expect(scriptOf('1x', 'ABCDEFGHIJ')).not.toBe(scriptOf('xptrue20:10:ABCDEFGHIJ'))
  })

  it('are one for commits that differ only in what they set, add or append', () => {
    const lean = new LeanCommits('client')
    const of = (more: Partial<Commit>) => lean.of({ ...usual, change: NO_CHANGE, ...more }, 1, 1)?.script
    const change = (by: number, text: string, ...entries: string[]) => ({
      ...NO_CHANGE,
      set: new Map([['a', text]]),
      added: new Map([['visits', { by, total: by }]]),
      appended: new Map([['trail', entries]]),
    })
    expect(of({ change: change(2, '1', '2', '3') })).toBeDefined()
    expect(of({ change: change(3, '4', '5', '6', '7') })).toBe(of({ change: change(2, '1', '2', '3') }))
  })

  it('are another one for each way in which commits differ otherwise', () => {
    const lean = new LeanCommits('client')
    const added = (name: string, by: number) => ({ ...NO_CHANGE, added: new Map([[name, { by, total: 1 }]]) })
    const appended = (name: string, ...entries: string[]) => ({
      ...NO_CHANGE,
      appended: new Map([[name, entries]]),
    })
    const ways: Partial<Commit>[] = [
      {},
      { ttlMs: 5 },
      { change: { ...NO_CHANGE, set: new Map([['a', '1']]) } },
      { loads: 'all' },
      { loads: [':a'] },
      { loads: [':b'] },
      { loads: [':a', ':b'] },
      { loads: [':a:l2:b'] },
      { reads: ['a'] },
      { reads: ['b'] },
      { reads: ['ar1:b'] },
      { reads: ['a', 'b'] },
      { change: added('a', 1) },
      { change: added('b', 1) },
      { change: added('a', 2) },
      { change: appended('a', '1') },
      { change: appended('b', '1') },
      { change: appended('a', '1', '2') },
      { change: appended('a', '1'), cappedLists: new Map([['a', 5]]) },
    ]
    const cappedLists = new Map([
      ['a', 4],
      ['b', 4],
    ])
    const shas = ways.map(
      (way) => lean.of({ ...usual, cappedLists, change: NO_CHANGE, ...way }, 1, 1)?.script.sha,
    )
    expect(shas).not.toContain(undefined)
    expect(new Set(shas).size).toBe(ways.length)
  })

  it.each<[string, Partial<Commit>]>([
    ['an idempotency key', { idempotencyKey: 'key' }],
    ['a record of connect-redis', { legacy: { text: '{}', fields: new Map() } }],
    ['a key that is deleted', { change: { ...NO_CHANGE, deleted: new Set(['a']) } }],
    ['another expiry', { expiry: { kind: 'fixed' } }],
    ['a session that is replaced', { mode: 'replace', ttlMs: 5 }],
    ['one that is made without a time', { mode: 'create' }],
    ['one that is made and loaded', { mode: 'create', ttlMs: 5, loads: 'all' }],
    [
      'a field that it both sets and loads',
      { change: { ...NO_CHANGE, set: new Map([['a', '1']]) }, loads: [':a'] },
    ],
    [
      'more fields than a command of Lua takes',
      { change: { ...NO_CHANGE, set: new Map(Array.from({ length: 101 }, (_, i) => [`${i}`, '1'])) } },
    ],
    ['more fields to load than a script names', { loads: Array.from({ length: 33 }, (_, i) => `:${i}`) }],
  ])('leave to the general one %s', (_what, more) => {
    expect(new LeanCommits('client').of({ ...usual, change: NO_CHANGE, ...more }, 1, 1)).toBeUndefined()
  })

  it.each<[string, Partial<Commit>]>([
    [
      '100 fields',
      { change: { ...NO_CHANGE, set: new Map(Array.from({ length: 100 }, (_, i) => [`${i}`, '1'])) } },
    ],
    ['32 fields to load', { loads: Array.from({ length: 32 }, (_, i) => `:${i}`) }],
    [
      'a field that it sets and loads with all',
      { change: { ...NO_CHANGE, set: new Map([['a', '1']]) }, loads: 'all' },
    ],
    [
      'a field that it sets, another that it loads',
      { change: { ...NO_CHANGE, set: new Map([['a', '1']]) }, loads: [':b'] },
    ],
  ])('take %s', (_what, more) => {
    expect(new LeanCommits('client').of({ ...usual, change: NO_CHANGE, ...more }, 1, 1)).toBeDefined()
  })

  it('get what is appended as one text, the newest entries, and how many there are if not just one', () => {
    const argsOf = (more: Partial<Commit>, ...entries: string[]) => {
      const change = { ...NO_CHANGE, appended: new Map([['trail', entries]]) }
      return new LeanCommits('client').of(
        { ...usual, change, cappedLists: new Map([['trail', 2]]), ...more },
        7,
        8,
      )
    }
    expect(argsOf({}, '1')?.args).toEqual(['@wclient', 7, 8, '1'])
    expect(argsOf({ ttlMs: 5 }, '1', '2', '3')?.args).toEqual(['@wclient', 7, 8, 5, 2, '2,\n3'])
    const created = argsOf({ mode: 'create', ttlMs: 5, expiry: { kind: 'sliding', ms: 6 } }, '1', '2', '3')
    expect(created?.results).toBe('[["ok",{}]]')
    expect(created?.args).toEqual([5, '@wclient', '7 8 [["ok",{}]]\u00008', '@ttl', 6, ':trail', '[2,\n3]'])
  })

  it('get what is added, unless it is one', () => {
    const argsOf = (by: number) => {
      const change = { ...NO_CHANGE, added: new Map([['visits', { by, total: by }]]) }
      return new LeanCommits('client').of({ ...usual, change }, 7, 8)?.args
    }
    expect(argsOf(1)).toEqual(['@wclient', 7, 8])
    expect(argsOf(-2)).toEqual(['@wclient', 7, 8, -2])
  })

  it('create a session of what it sets and counts', () => {
    const change = {
      ...NO_CHANGE,
      set: new Map([['a', '1']]),
      added: new Map([['visits', { by: 2, total: 2 }]]),
    }
    const created = new LeanCommits('client').of({ ...usual, mode: 'create', ttlMs: 5, change }, 7, 8)
    expect(created?.results).toBe('[["ok",{"visits":2}]]')
    expect(created?.args).toEqual([
      5,
      '@wclient',
      '7 8 [["ok",{"visits":2}]]\u00008',
      ':a',
      '1',
      ':visits',
      2,
    ])
  })

  it('are 64 at most: an app has few shapes, and others go the general way', () => {
    const lean = new LeanCommits('client')
    const of = (name: string) => lean.of({ ...usual, change: NO_CHANGE, reads: [name] }, 1, 1)
    for (let i = 0; i < 64; i += 1) expect(of(`${i}`)).toBeDefined()
    expect(of('64')).toBeUndefined()
    expect(of('63')).toBeDefined()
  })

  beforeEach(() => client.flushall())

  it('do what the model says, for any changes that come one after the other', async () => {
    let sid = 0
    await fc.assert(
      fc.asyncProperty(anyData, fc.array(anyChange, { maxLength: 6 }), async (data, changes) => {
        sid += 1
        let model = fieldsOf({ ...data, always: 1 }, RULES)
        const send = await open(`s${sid}`, model)
        for (const change of changes.map(without)) {
          const [outcome] = await send(change)
          model = applied(model, change, RULES)
          expect(outcome).toBe('ok')
          expect(Object.fromEntries(await fieldsIn(`s${sid}`))).toEqual(Object.fromEntries(model))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('are what a usual visit takes, in two commands to the session', async () => {
    const send = await open(
      's',
      new Map([
        ['cookie', '{}'],
        ['visits', '0'],
      ]),
    )
    const visit = (number: number) =>
      send(
        {
          set: new Map(),
          deleted: new Set(),
          added: new Map([['visits', { by: 1, total: 1 }]]),
          appended: new Map([['trail', [`"${number}"`]]]),
        },
        { loads: [':cookie', ':visits'] },
      )
    // Until Redis has said what time it is.
    await expect.poll(async () => [await visit(1), await callsOf('hmget')][1]).toBeGreaterThan(0)
    await client.config('RESETSTAT')
    const [outcome, counters, found] = await visit(2)
    expect(outcome).toBe('ok')
    expect(found?.slice(2)).toEqual([':cookie', '{}', ':visits', String(counters?.visits)])
    expect(await callsOf('hmget')).toBe(1)
    expect(await callsOf('hset')).toBe(1)
    expect(await callsOf('hget')).toBe(0)
    expect(await callsOf('pexpire')).toBe(0)
  })

  it('create what the general one would, and nothing where something is', async () => {
    const { queue, deadline } = openQueue(client, 'client', 5_000)
    const create = (key: string, change: Change, more = {}) =>
      queue.send(key, { ...usual, mode: 'create', ttlMs: 60_000, change, ...more }, deadline())
    // Until Redis has said what time it is.
    await expect
      .poll(async () => {
        await client.config('RESETSTAT')
        await create(`first${performance.now()}`, NO_CHANGE)
        return callsOf('time')
      })
      .toBe(0)
    let sid = 0
    await fc.assert(
      fc.asyncProperty(anyChange, fc.boolean(), async (any, slides) => {
        sid += 1
        const change = without(any)
        const expiry = slides ? { kind: 'sliding', ms: 90_000 } : { kind: 'fixed' }
        const counters = Object.fromEntries([...change.added].map(([name, { by }]) => [name, by]))
        expect(await create(`s${sid}`, change, { expiry })).toEqual(['ok', counters])
        const stored = applied(new Map(), change, RULES)
        expect(Object.fromEntries(await fieldsIn(`s${sid}`))).toEqual(Object.fromEntries(stored))
        expect(await client.hget(`s${sid}`, '@ttl')).toBe(slides ? '90000' : null)
        expect(await client.pttl(`s${sid}`)).toBeGreaterThan(50_000)
        expect(await create(`s${sid}`, change, { expiry })).toEqual(['exists'])
        expect(Object.fromEntries(await fieldsIn(`s${sid}`))).toEqual(Object.fromEntries(stored))
      }),
      { numRuns: 200 },
    )
    await client.set('record', '{}')
    expect(await create('record', NO_CHANGE)).toEqual(['exists'])
  })

  it('leave to the general script what a resend, a strange field or a session of another kind needs', async () => {
    const lean = await open(
      's',
      new Map([
        ['cookie', '{}'],
        ['visits', '1.5'],
        ['trail', '{"a":1}'],
      ]),
    )
    const add = new Map([['visits', { by: 1, total: 7 }]])
    const none = { set: new Map(), deleted: new Set<string>(), added: new Map(), appended: new Map() }
    expect(await lean({ ...none, added: add })).toEqual(['ok', { visits: 7 }])
    await lean({ ...none, appended: new Map([['trail', ['1']]]) })
    expect((await fieldsIn('s')).get('trail')).toBe('[1]')
    await client.del('s')
    expect(await lean({ ...none, added: add })).toEqual(['gone'])
    await client.set('s', '{"cookie":{},"visits":3}')
    const [outcome] = await lean({ ...none, added: add })
    expect(outcome).toBe('moved')
  })

  it('return the whole session as the general one does, however long it is', async () => {
    let sid = 0
    await fc.assert(
      fc.asyncProperty(anyData, anyChange, fc.boolean(), async (data, any, isLong) => {
        sid += 1
        const change = without(any)
        const fields = fieldsOf({ ...data, cookie: {}, ...(isLong && { long: 'x'.repeat(2_000) }) }, RULES)
        const [lean, general] = [await open(`l${sid}`, fields), await open(`g${sid}`, fields)]
        const [outcome, counters, [pttl, ttl, ...found] = []] = await lean(change, { loads: 'all' })
        expect([outcome, Number(pttl), ttl]).toEqual(['ok', expect.closeTo(3_600_000, -5), '3600000'])
        const other = await general(change, { loads: 'all', idempotencyKey: 'a' })
        expect(counters).toEqual(other[1])
        expect(fieldsOfReply(found)).toEqual(fieldsOfReply(other[2] ?? [], 2))
      }),
      { numRuns: 100 },
    )
    // And is what it takes, once Redis has said what time it is.
    const send = await open('s', new Map([['cookie', '{}']]))
    await expect
      .poll(async () => {
        await client.config('RESETSTAT')
        await send({ ...NO_CHANGE, added: new Map([['visits', { by: 1, total: 1 }]]) }, { loads: 'all' })
        return callsOf('time')
      })
      .toBe(0)
  })

  it('add to a counter exactly, or leave it to the general script', async () => {
    const cookie = new Map([['cookie', '{}']])
    const [lean, general] = [await open('s', cookie), await open('g', cookie)]
    const numbers = [
      '0',
      '-5',
      '999999999999999',
      '-99999999999999',
      '9007199254740990',
      '9223372036854775807',
    ]
    for (const text of [...numbers, '007', '-0', '1e3', 'nan', '0x10', ' 5', '1.5', '']) {
      for (const by of [1, -1, 7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
        await client.hset('s', ':visits', text)
        await client.hset('g', ':visits', text)
        const change = { ...NO_CHANGE, added: new Map([['visits', { by, total: 42 }]]) }
        const outcome = await lean(change)
        expect(outcome).toEqual(await general(change, { idempotencyKey: `${text} ${by}` }))
        expect([text, by, await client.hget('s', ':visits')]).toEqual([
          text,
          by,
          await client.hget('g', ':visits'),
        ])
      }
    }
  })

  it('take out the marks of clients that have not been there for 10 minutes', async () => {
    const send = await open('s', new Map([['cookie', '{}']]))
    const [seconds = 0] = await client.time()
    await client.hdel('s', '@wclient')
    await client.hset('s', '@wold', `1 ${Number(seconds) - 700} []`, '@wnew', `1 ${Number(seconds) - 500} []`)
    await send({ set: new Map([['a', '1']]), deleted: new Set(), added: new Map(), appended: new Map() })
    expect(await client.hkeys('s')).not.toContain('@wold')
    expect(await client.hkeys('s')).toContain('@wnew')
  })

  it('count no more entries than a list has, whoever wrote it in between', async () => {
    const send = await open('s', new Map([['cookie', '{}']]))
    const append = (entry: string) =>
      send({
        set: new Map(),
        deleted: new Set(),
        added: new Map(),
        appended: new Map([['trail', [entry]]]),
      })
    const length = RULES.cappedLists.get('trail') ?? 0
    for (let i = 0; i < length + 3; i += 1) await append('"a"')
    expect(JSON.parse((await fieldsIn('s')).get('trail') ?? '')).toHaveLength(length)
    await client.hset('s', ':trail', '["b"]')
    await append('"c"')
    expect(JSON.parse((await fieldsIn('s')).get('trail') ?? '')).toEqual(['b', 'c'])
  })

  it('drop the oldest entry of a full list, whatever its entries look like', async () => {
    const text = fc.constantFrom(
      '"a"',
      '""',
      '"\\""',
      '"\\\\"',
      '",\\n"',
      '"]"',
      '["a","b"]',
      '{"a":"b"}',
      '"%b"',
      '1',
      'null',
    )
    const cappedLists = new Map([['trail', 3]])
    let sid = 0
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), text, async (entries, added) => {
        sid += 1
        const send = await open(
          `s${sid}`,
          new Map([
            ['cookie', '{}'],
            ['trail', `[${entries.join(',\n')}]`],
          ]),
        )
        await send({ ...NO_CHANGE, appended: new Map([['trail', [added]]]) }, { cappedLists })
        const left = [...entries, added].slice(-3)
        expect((await fieldsIn(`s${sid}`)).get('trail')).toBe(`[${left.join(',\n')}]`)
      }),
      { numRuns: 200 },
    )
  })

  it('drop as many entries of a full list of texts as they append', async () => {
    const cappedLists = new Map([['trail', 3]])
    const send = await open(
      's',
      new Map([
        ['cookie', '{}'],
        ['trail', '["a",\n"b",\n"c"]'],
      ]),
    )
    const append = async (...entries: string[]) => {
      await send({ ...NO_CHANGE, appended: new Map([['trail', entries]]) }, { cappedLists })
      return (await fieldsIn('s')).get('trail')
    }
    expect(await append('"d"', '"e"')).toBe('["c",\n"d",\n"e"]')
    expect(await append('"f"', '"g"', '"h"')).toBe('["f",\n"g",\n"h"]')
    expect(await append('"i"')).toBe('["g",\n"h",\n"i"]')
  })

  it('extend a session that is used all the time: its last extension counts, not its last commit', async () => {
    const send = await open('s', new Map([['cookie', '{}']]))
    const change = () =>
      send({ set: new Map([['a', '1']]), deleted: new Set(), added: new Map(), appended: new Map() })
    /** Lets 20 s pass, of the 36 s that are a hundredth of its life. */
    const pass = async () => {
      const mark = String(await client.hget('s', '@wclient'))
      const earlier = mark.replace(/(?<=^\d+ |\0)\d{10}/g, (seconds) => String(Number(seconds) - 20))
      await client.hset('s', '@wclient', earlier)
      await client.pexpire('s', (await client.pttl('s')) - 20_000)
    }
    await expect.poll(async () => [await change(), await client.hget('s', '@wclient')][1]).toContain('\0')
    await pass()
    await change()
    expect(await client.pttl('s')).toBeLessThan(3_590_000)
    await pass()
    await change()
    expect(await client.pttl('s')).toBeGreaterThan(3_590_000)
  })

  describe('extend a session that this client extended a moment ago', () => {
    const TTL = 3_600_000
    const change = { ...NO_CHANGE, set: new Map([['a', '1']]) }
    /** @returns what sends a commit; the mark says that the session was extended so many s ago. */
    const openAfter = async (seconds: number) => {
      const send = await open('s', new Map([['cookie', '{}']]))
      await expect
        .poll(async () => [await send(change), await client.hget('s', '@wclient')][1])
        .toContain('\0')
      const [now = 0] = await client.time()
      const mark = String(await client.hget('s', '@wclient'))
      await client.hset('s', '@wclient', mark.replace(/(?<=\0)\d{10}/, `${Number(now) - seconds}`))
      await client.pexpire('s', TTL / 2)
      return send
    }
    const isExtended = async () => (await client.pttl('s')) > TTL / 2

    it.each([
      ['not within a hundredth of its life', 10, {}, false],
      ['not in the same second', 0, {}, false],
      ['after a hundredth of its life', 40, {}, true],
      ['if the clock of Redis was put back since', -100, {}, true],
      ['if it is to expire at another time', 10, { ttlMs: 2 * TTL }, true],
      ['not by a commit that says the same time', 10, { ttlMs: TTL }, false],
    ])('%s', async (_when, seconds, more, expected) => {
      const send = await openAfter(seconds)
      await client.config('RESETSTAT')
      await send(change, more)
      expect([await callsOf('hmget'), await isExtended()]).toEqual([1, expected])
    })

    it.each([
      [3_600_000, 0, false],
      [3_600_000, 34, false],
      [3_600_000, 35, true],
      [3_599_999, 34, true],
      [199_999, 0, true],
    ])(
      'a hundredth of its life later, less two seconds: of %i ms after %i s',
      async (ttl, seconds, expected) => {
        const then = 1_700_000_000
        const lean = new LeanCommits('client').of({ ...usual, change }, 2_000_000_002, then + seconds)
        const mark = `2000000001 ${then} [["ok",{}]]\0${then}`
        await client.hset('s', { ':cookie': '{}', '@ttl': ttl, '@wclient': mark })
        await client.pexpire('s', 100_000)
        expect(await client.eval(lean?.script.lua ?? '', 1, 's', ...(lean?.args ?? []))).toBe('[["ok",{}]]')
        expect((await client.pttl('s')) > 100_000).toBe(expected)
        const [, extended] = String(await client.hget('s', '@wclient')).split('\0')
        expect(extended).toBe(`${expected ? then + seconds : then}`)
      },
    )

    it('by what a commit says, though it loads all of a session that has another measure', async () => {
      const send = await openAfter(0)
      const [, , [pttl, ttl] = []] = await send(change, { ttlMs: 2 * TTL, loads: 'all' })
      expect([Number(pttl), ttl]).toEqual([expect.closeTo(2 * TTL, -5), `${TTL}`])
      expect(await client.pttl('s')).toBeGreaterThan(1.9 * TTL)
    })
  })

  it('know lists of the same length in bytes from one another', async () => {
    const { queue, deadline } = openQueue(client, 'client', 5_000)
    const cappedLists = new Map([
      ['x', 3],
      ['y', 3],
    ])
    await open(
      's',
      new Map([
        ['cookie', '{}'],
        ['x', '["a",\n"b"]'],
        ['y', '["0123456789a"]'],
      ]),
    )
    const append = (name: string, entry: string) => {
      const change = {
        set: new Map(),
        deleted: new Set<string>(),
        added: new Map(),
        appended: new Map([[name, [entry]]]),
      }
      return queue.send('s', { ...usual, cappedLists, change }, deadline())
    }
    await append('x', '"c"')
    await append('y', '"d"')
    expect(JSON.parse((await fieldsIn('s')).get('y') ?? '')).toEqual(['0123456789a', 'd'])
    await client.hset('s', ':x', '["0123456789b"]')
    await append('x', '"e"')
    expect(JSON.parse((await fieldsIn('s')).get('x') ?? '')).toEqual(['0123456789b', 'e'])
  })
})
