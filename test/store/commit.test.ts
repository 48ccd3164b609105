// What the scripts of a commit do, case by case: commit.lua, and those that lean-commits.ts makes for the usual ones.
import { beforeAll, describe, expect, it } from 'vitest'
import type { Change } from '../../src/store/change.js'
import type { Commit } from '../../src/store/commit.js'
import { ExactRedisStore } from '../../src/store/index.js'
import { DESTROY } from '../../src/store/scripts.generated.js'
import { useRedis } from '../support/use-redis.js'
import { openQueue } from './commit-queue.js'

const { client } = await useRedis()
const NONE: Change = { set: new Map(), deleted: new Set(), added: new Map(), appended: new Map() }
const USUAL: Commit = {
  mode: 'update',
  change: NONE,
  ttlMs: undefined,
  idempotencyKey: '',
  legacy: undefined,
  reads: [],
  expiry: undefined,
  cappedLists: new Map([['trail', 3]]),
}
/** The number of a client's first commit. */
const FIRST = 1_000_000_001
/** A PTTL of 600 s, a moment later. */
const LIFE = expect.stringMatching(/^(600000|59\d{4})$/)
let clients = 0
let isLean = false

/** @returns what sends commits of a client: those that are sent at once make a batch behind the first of them. */
async function open(clientId?: string, of = client) {
  clients += 1
  const { queue, deadline } = openQueue(of, clientId ?? `client${clients}`, 2_000)
  // commit.lua takes the first commit of a queue: lean ones need to know what time it is for Redis.
  if (isLean) await queue.send('another', { ...USUAL, mode: 'replace', ttlMs: 1 }, deadline())
  return (commit: Partial<Commit>) => queue.send('s', { ...USUAL, ...commit }, deadline())
}
const send = async (commit: Partial<Commit>) => (await open())(commit)
const set = (fields: Record<string, string>): Change => ({ ...NONE, set: new Map(Object.entries(fields)) })
const add = (name: string, by: number, total = 0): Change => ({
  ...NONE,
  added: new Map([[name, { by, total }]]),
})
const append = (name: string, ...entries: string[]): Change => ({
  ...NONE,
  appended: new Map([[name, entries]]),
})
const own = async () => {
  const all = Object.entries(await client.hgetall('s'))
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('@w')))
}
const now = async () => Number((await client.time())[0])
const writes = async () =>
  Number(/rdb_changes_since_last_save:(\d+)/.exec(await client.info('persistence'))?.[1])

/** A session that expires in so many ms. */
async function put(fields: Record<string, string>, ms = 500_000): Promise<void> {
  await client.hset('s', fields)
  await client.pexpire('s', ms)
}

describe('a commit of a Redis user who may not', () => {
  const USER = 'limited'

  it.each([
    ['hget', { mode: 'replace', change: set({ cookie: '{}' }) }],
    ['hincrby', { change: add('visits', 1, 9) }],
  ] as const)('%s is refused, and changes nothing', async (command, commit) => {
    await client.acl('SETUSER', USER, 'on', '>word', '~*', '+@all', `-${command}`)
    const limited = client.duplicate({ username: USER, password: 'word' })
    await put({ ':cookie': '{}', ':visits': '4' })
    const sent = (await open(undefined, limited))(commit)
    await expect(sent).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
    limited.disconnect()
    expect(await own()).toEqual({ ':cookie': '{}', ':visits': '4' })
  })
})

it('a load of a Redis user who may not read hashes is refused, and not taken for another record', async () => {
  await client.acl('SETUSER', 'limited', 'on', '>word', '~*', '+@all', '-hgetall')
  const limited = client.duplicate({ username: 'limited', password: 'word' })
  await client.hset('sess:sid', ':cookie', '{}')
  await expect(new ExactRedisStore({ client: limited }).get('sid')).rejects.toMatchObject({
    code: 'ERR_STORE_REFUSED',
  })
  limited.disconnect()
})

describe('the script that ends a session', () => {
  const destroy = () => client.eval(DESTROY.lua, 1, 's')

  it('says whether there was one, and is a change for those who wait for replicas in any case', async () => {
    await put({ ':cookie': '{}' })
    expect(await destroy()).toBe(1)
    const before = await writes()
    expect(await destroy()).toBe(0)
    expect(await writes()).toBeGreaterThan(before)
    expect(await client.keys('*')).toEqual([])
  })
})

describe.each([
  ['commit.lua', false],
  ['a lean script, or what it leaves to commit.lua', true],
])('by %s,', (_which, lean) => {
  beforeAll(() => {
    isLean = lean
  })

  describe('a commit that loads single fields', () => {
    it('extends the session by its own measure, and says which fields are there', async () => {
      await put({ ':cookie': '{}', ':a': '1', '@ttl': '600000' }, 100_000)
      const [outcome, counters, found] = await send({ loads: [':cookie', ':a', ':none'] })
      expect([outcome, counters, found]).toEqual(['ok', {}, [LIFE, '600000', ':cookie', '{}', ':a', '1']])
      expect(await client.pttl('s')).toBeGreaterThan(570_000)
    })

    it('is told when a session that has no measure of its own expires, and leaves it at that', async () => {
      await put({ ':cookie': '{}', ':a': '1' })
      const [, , found = []] = await send({ loads: [':cookie', ':a'] })
      expect(Number(found[0])).toBeGreaterThan(470_000)
      expect(found.slice(1)).toEqual(['', ':cookie', '{}', ':a', '1'])
      expect(await client.pttl('s')).toBeLessThanOrEqual(500_000)
    })

    it('may want one alone', async () => {
      await put({ ':cookie': '{}', '@ttl': '600000' })
      expect((await send({ loads: [':cookie'] }))[2]).toEqual([LIFE, '600000', ':cookie', '{}'])
    })

    it('is told nothing of a session without the first of them, of a record of connect-redis, and of none', async () => {
      await put({ ':a': '1', '@ttl': '600000' })
      expect(await send({ loads: [':cookie', ':a'] })).toEqual(['ok', {}])
      await client.set('s', '{"cookie":{}}')
      expect(await send({ loads: [':cookie'] })).toEqual(['moved'])
      await client.del('s')
      expect(await send({ loads: [':cookie'] })).toEqual(['gone'])
    })

    it('sees what it has changed', async () => {
      await put({ ':cookie': '{}', ':visits': '4', ':trail': '["a"]', '@ttl': '600000' })
      const change = {
        ...set({ a: '2' }),
        ...{ added: add('visits', 3).added, appended: append('trail', '"b"').appended },
      }
      const [, counters, found] = await send({ change, loads: [':cookie', ':visits', ':trail', ':a'] })
      expect(counters).toEqual({ visits: 7 })
      expect(found?.slice(2)).toEqual([':cookie', '{}', ':visits', '7', ':trail', '["a",\n"b"]', ':a', '2'])
    })
  })

  describe('a commit that loads all', () => {
    it('extends the session by its own measure, and has neither marks nor keys', async () => {
      await put(
        { ':cookie': '{}', ':a': '1', '@ttl': '600000', '@keys': '', '@wother': `1 ${await now()} []` },
        100_000,
      )
      const [outcome, , found] = await send({ loads: 'all' })
      expect([outcome, found]).toEqual(['ok', [LIFE, '600000', ':cookie', '{}', ':a', '1']])
      expect(await client.pttl('s')).toBeGreaterThan(570_000)
    })

    it('is told when a session that has no measure of its own expires', async () => {
      await put({ ':cookie': '{}' })
      const [, , found = []] = await send({ loads: 'all' })
      expect(Number(found[0])).toBeGreaterThan(470_000)
      expect(found.slice(1)).toEqual(['', ':cookie', '{}'])
    })

    it('is told nothing of a record of connect-redis, and of none', async () => {
      await client.set('s', '{"cookie":{}}')
      expect(await send({ loads: 'all' })).toEqual(['moved'])
      await client.del('s')
      expect(await send({ loads: 'all' })).toEqual(['gone'])
    })

    it.each(['\0b', 'd\0'])('has what other programs wrote, with a NUL: %j', async (text) => {
      await put({ ':cookie': '{}', ':a': text, '@ttl': '600000' })
      const found = (await send({ loads: 'all' }))[2]
      expect(found).toEqual([LIFE, '600000', ':cookie', '{}', ':a', text])
    })

    it('has a session of one field', async () => {
      await put({ ':cookie': '{}' })
      await client.persist('s')
      expect((await send({ loads: 'all' }))[2]).toEqual(['-1', '', ':cookie', '{}'])
    })
  })

  describe('what a batch wants', () => {
    it('all of it are given', async () => {
      await put({ ':cookie': '{}', ':a': '1', ':b': '2', '@ttl': '600000' })
      const commit = await open()
      const all = await Promise.all([
        commit({}),
        commit({ loads: [':cookie', ':a'] }),
        commit({ loads: [':cookie', ':b'] }),
        commit({ change: add('visits', 1, 1) }),
      ])
      const found = [LIFE, '600000', ':cookie', '{}', ':a', '1', ':b', '2']
      expect(all).toEqual([
        ['ok', {}],
        ['ok', {}, found],
        ['ok', {}, found],
        ['ok', { visits: 1 }, found],
      ])
    })
  })

  describe('when a session expires', () => {
    it.each([
      ['by its own measure', { '@ttl': '600000' }, [undefined], 600_000],
      ['when it did, without one', {}, [undefined], 500_000],
      ['when a commit says', { '@ttl': '600000' }, [700_000], 700_000],
      [
        'when the last of a batch says that says anything',
        {},
        [undefined, 800_000, 700_000, undefined],
        700_000,
      ],
    ])('it is %s', async (_how, fields, ttls, ms) => {
      await put({ ':cookie': '{}', ...fields })
      const commit = await open()
      await Promise.all(ttls.map((ttlMs) => commit({ change: set({ a: '1' }), ttlMs })))
      expect(await client.pttl('s')).toBeLessThanOrEqual(ms)
      expect(await client.pttl('s')).toBeGreaterThan(ms - 30_000)
    })

    it('a commit that changes nothing does not extend it', async () => {
      await put({ ':cookie': '{}', '@ttl': '600000' })
      expect(await send({ mode: 'create', ttlMs: 600_000 })).toEqual(['exists'])
      expect(await client.pttl('s')).toBeLessThanOrEqual(500_000)
      expect(await client.hkeys('s')).toEqual([':cookie', '@ttl'])
    })
  })

  describe('a batch that comes again', () => {
    const again = async (first: Partial<Commit>, second: Partial<Commit>) => {
      await (await open('same'))(first)
      return (await open('same'))(second)
    }

    it('is answered as the first time, with the session as it is now', async () => {
      await put({ ':cookie': '{}', ':visits': '1', '@ttl': '600000' })
      const visit = { change: add('visits', 1), loads: [':cookie', ':visits'] }
      await again(visit, {})
      await send({ change: add('visits', 1) })
      const [outcome, counters, found] = await (await open('same'))(visit)
      expect([outcome, counters]).toEqual(['ok', { visits: 2 }])
      expect(found?.slice(2)).toEqual([':cookie', '{}', ':visits', '3'])
      expect((await own())[':visits']).toBe('3')
    })

    it('is a change for those who wait for replicas, and none of when the session expires', async () => {
      await put({ ':cookie': '{}', ':visits': '1' })
      const visit = { change: add('visits', 1) }
      await (await open('same'))(visit)
      const before = await writes()
      await (await open('same'))(visit)
      expect(await writes()).toBeGreaterThan(before)
      expect(await client.pttl('s')).toBeLessThanOrEqual(500_000)
      expect(await client.pttl('s')).toBeGreaterThan(470_000)
      await client.persist('s')
      await (await open('same'))(visit)
      expect(await client.pttl('s')).toBe(-1)
      expect((await own())[':visits']).toBe('2')
    })

    it.each([10, 2, 1, 0])(
      'is refused behind a later one, and applied behind an earlier: a mark of %i',
      async (ahead) => {
        const sequence = FIRST - 1 + ahead + (isLean ? 1 : 0)
        await put({
          ':cookie': '{}',
          '@wsame': `${sequence} ${await now()} [["ok",{"visits":9}]]\0${await now()}`,
        })
        const sent = (await open('same'))({ change: add('visits', 1, 1) })
        if (ahead > 1) {
          const cause = { message: expect.stringContaining('STALE') }
          await expect(sent).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED', cause })
        } else expect(await sent).toEqual(['ok', { visits: ahead === 1 ? 9 : 1 }])
        expect((await own())[':visits']).toBe(ahead === 0 ? '1' : undefined)
      },
    )
  })

  describe('marks', () => {
    it('are written for a batch that changes the session alone', async () => {
      expect(await send({ change: add('visits', 1) })).toEqual(['gone'])
      expect(await client.exists('s')).toBe(0)
      await put({ ':cookie': '{}' })
      await (await open('mine'))({ change: add('visits', 1) })
      const [mark, extended] = String(await client.hget('s', '@wmine')).split('\0')
      expect(mark).toMatch(/^\d{10} \d{10} \[\["ok",\{"visits":1\}\]\]$/)
      expect(extended).toMatch(/^(\d{10})?$/)
    })

    it('of other clients stay, if the session is replaced, as do idempotency keys', async () => {
      const others = { '@wother': `1 ${await now()} []`, '@keys': `${await now()} "k" {}\n` }
      await put({ ':cookie': '{}', ':old': '1', '@ttl': '600000', ...others })
      await send({
        mode: 'replace',
        change: set({ cookie: '{"a":1}', a: '1' }),
        expiry: { kind: 'fixed' } as never,
        ttlMs: 90_000,
      })
      expect(await own()).toEqual({ ':cookie': '{"a":1}', ':a': '1', '@keys': others['@keys'] })
      expect(await client.hexists('s', '@wother')).toBe(1)
      expect(await client.pttl('s')).toBeLessThanOrEqual(90_000)
    })
  })

  describe('modes', () => {
    it('create makes one, and only one', async () => {
      const commit = await open()
      const make = { mode: 'create', change: set({ cookie: '{}' }), ttlMs: 90_000 } as const
      const visit = { change: add('visits', 1, 1) }
      expect(await Promise.all([commit(visit), commit(make), commit(make), commit(visit)])).toEqual([
        ['gone'],
        ['ok', {}],
        ['exists'],
        ['ok', { visits: 1 }],
      ])
      expect(await own()).toEqual({ ':cookie': '{}', ':visits': '1' })
      expect(await client.pttl('s')).toBeGreaterThan(60_000)
    })

    it('create finds a record of connect-redis to be one, and replace makes a session of it', async () => {
      await client.set('s', '{"cookie":{},"a":1}')
      expect(await send({ mode: 'create', change: set({ cookie: '{}' }) })).toEqual(['exists'])
      expect(await client.type('s')).toBe('string')
      expect(await send({ mode: 'replace', change: set({ cookie: '{}' }), ttlMs: 90_000 })).toEqual([
        'ok',
        {},
      ])
      expect(await own()).toEqual({ ':cookie': '{}' })
    })

    it('update takes a record of connect-redis over, if it is the one that was loaded', async () => {
      const text = '{"cookie":{},"visits":4,"a":1}'
      await client.set('s', text)
      const fields = new Map([
        ['cookie', '{}'],
        ['visits', '4'],
        ['a', '1'],
      ])
      const visit = { change: add('visits', 1, 5), idempotencyKey: 'k', ttlMs: 90_000 }
      expect(await send({ ...visit, legacy: { text: '{}', fields } })).toEqual(['moved'])
      expect(await client.get('s')).toBe(text)
      const commit = await open()
      const taking = { ...visit, legacy: { text, fields } }
      expect(
        await Promise.all([commit({}), commit(taking), commit(taking), commit({ change: add('visits', 1) })]),
      ).toEqual([['moved'], ['ok', { visits: 5 }], ['dup', { visits: 5 }], ['ok', { visits: 6 }]])
      expect(await own()).toMatchObject({ ':cookie': '{}', ':a': '1', ':visits': '6' })
    })
  })

  describe('a change', () => {
    it('may be of more fields than a call of Lua takes', async () => {
      await put({ ':cookie': '{}' })
      const many = Object.fromEntries(Array.from({ length: 2_500 }, (_, i) => [`f${i}`, `${i}`]))
      await send({ change: set(many) })
      expect(Object.keys(await own())).toHaveLength(2_501)
      expect(await own()).toMatchObject({ ':f0': '0', ':f499': '499', ':f500': '500', ':f2499': '2499' })
      await send({ change: { ...NONE, deleted: new Set(Object.keys(many)) } })
      expect(await own()).toEqual({ ':cookie': '{}' })
    })

    it('of exactly as many as go in one call', async () => {
      await put({ ':cookie': '{}' })
      const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, `${i}`]))
      await send({ change: set(many) })
      expect(Object.keys(await own())).toHaveLength(501)
    })

    it.each([
      ['a number', '5', 7],
      ['none', undefined, 42],
      ['a text', '"5"', 42],
      ['a fraction', '5.5', 42],
      ['more than 64 bits', '9223372036854775807', 42],
      ['negative', '-5', -3],
      ['more than what numbers are exact to', '9007199254740993', 9007199254740996],
      ['just less', '9007199254740989', 9007199254740991],
    ])('adds to a counter that is %s', async (_what, before, after) => {
      await put({ ':cookie': '{}', ...(before === undefined ? {} : { ':visits': before }) })
      const total = before === undefined ? 2 : 42
      const [, counters] = await send({ change: add('visits', 2, total) })
      expect(counters).toEqual({ visits: before === undefined ? 2 : after })
      if (before !== '9007199254740993')
        expect((await own())[':visits']).toBe(`${before === undefined ? 2 : after}`)
      else expect((await own())[':visits']).toBe('9007199254740995')
    })

    it.each([
      ['999999999999998', Number.MAX_SAFE_INTEGER, '10007199254740989'],
      ['-999999999999998', Number.MIN_SAFE_INTEGER, '-10007199254740989'],
    ])('adds to %s what makes it more than numbers are exact to', async (before, by, after) => {
      await put({ ':cookie': '{}', ':visits': before })
      await send({ change: add('visits', by, 1) })
      expect((await own())[':visits']).toBe(after)
    })

    it('is told of counters that it only reads, if they are numbers', async () => {
      await put({ ':cookie': '{}', ':a"/b': '-7', ':text': '"7"', ':half': '7.5' })
      expect(await send({ change: add('n', 1, 1), reads: ['a"/b', 'text', 'half', 'none'] })).toEqual([
        'ok',
        { n: 1, 'a"/b': -7 },
      ])
    })

    it.each([
      ['none', undefined, ['1'], '[1]'],
      ['an empty one', '[]', ['1'], '[1]'],
      ['no list', '{"a":1}', ['1'], '[1]'],
      ['one with room', '[1]', ['2'], '[1,\n2]'],
      ['a full one', '[1,\n2,\n3]', ['4'], '[2,\n3,\n4]'],
      ['one with room for some', '[1,\n2]', ['3', '4'], '[2,\n3,\n4]'],
      ['one that is replaced as a whole', '[1,\n2]', ['3', '4', '5'], '[3,\n4,\n5]'],
      ['one that gets more than it keeps', '[1]', ['2', '3', '4', '5'], '[3,\n4,\n5]'],
      ['one that was too long', '[1,\n2,\n3,\n4,\n5]', ['6'], '[4,\n5,\n6]'],
      ['entries with commas', '["a,b",\n[1,2],\n{"a":1}]', ['"c,\\n"'], '[[1,2],\n{"a":1},\n"c,\\n"]'],
    ])('appends to a capped list: %s', async (_what, before, entries, after) => {
      await put({ ':cookie': '{}', ...(before === undefined ? {} : { ':trail': before }) })
      await send({ change: append('trail', ...entries) })
      expect((await own())[':trail']).toBe(after)
    })

    it('appends to two lists, and keeps each as long as it may be', async () => {
      await put({ ':cookie': '{}', ':trail': '[1,\n2,\n3]', ':log': '[1]' })
      const appended = new Map([
        ['trail', ['4', '5']],
        ['log', ['2', '3']],
        ['new', ['1']],
      ])
      const cappedLists = new Map([
        ['trail', 3],
        ['log', 2],
        ['new', 1],
      ])
      await send({ change: { ...NONE, appended }, cappedLists })
      expect(await own()).toMatchObject({ ':trail': '[3,\n4,\n5]', ':log': '[2,\n3]', ':new': '[1]' })
    })
  })

  describe('an idempotency key', () => {
    const visit = (idempotencyKey: string, more: Partial<Commit> = {}) =>
      send({ change: add('visits', 1, 1), idempotencyKey, ...more })

    it('is known again, among others that it is a part of, or that are a part of it', async () => {
      await put({ ':cookie': '{}' })
      const keys = ['ab', 'a', 'b', 'a b', ' "a" ', '"a"', 'ü\n', '']
      const counted = keys.filter((key) => key !== '')
      for (const [i, key] of counted.entries()) expect(await visit(key)).toEqual(['ok', { visits: i + 1 }])
      for (const [i, key] of counted.entries()) expect(await visit(key)).toEqual(['dup', { visits: i + 1 }])
      expect((await own())[':visits']).toBe(`${counted.length}`)
    })

    it('extends the session as the commit does, and says what was counted first, in one batch, too', async () => {
      await put({ ':cookie': '{}' })
      const commit = await open()
      const one = { change: add('visits', 1, 1), idempotencyKey: 'k', ttlMs: 600_000 }
      expect(
        await Promise.all([commit({}), commit(one), commit(one), commit({ change: add('visits', 1) })]),
      ).toEqual([
        ['ok', {}],
        ['ok', { visits: 1 }],
        ['dup', { visits: 1 }],
        ['ok', { visits: 2 }],
      ])
      await client.pexpire('s', 100_000)
      await visit('k', { ttlMs: 600_000 })
      expect(await client.pttl('s')).toBeGreaterThan(570_000)
    })

    it.each([
      ['one alone', [601]],
      ['two, before one that is young', [900, 800, 500]],
      ['many, before one that is young', [900, 800, 700, 500]],
      ['not one that is young, whatever comes behind it', [500, 700]],
    ])('is forgotten after 10 minutes: %s', async (_which, ages) => {
      const seconds = await now()
      const lines = ages.map((age) => `${seconds - age} "${age}" {"visits":${age}}\n`)
      await put({ ':cookie': '{}', '@keys': lines.join('') })
      await visit('new')
      const kept = ages.slice(ages.indexOf(500) < 0 ? ages.length : ages.indexOf(500))
      const left = String(await client.hget('s', '@keys')).match(/(?<= ")\w+/g)
      expect(left).toEqual([...kept.map(String), 'new'])
    })

    it('is kept with the session, and ends with it', async () => {
      await put({ ':cookie': '{}' })
      await visit('k')
      await client.del('s')
      expect(await visit('k')).toEqual(['gone'])
      expect(await visit('k', { mode: 'create', change: set({ cookie: '{}' }) })).toEqual(['ok', {}])
    })
  })
})
