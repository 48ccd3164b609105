import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { applied, fieldsOf } from '../../src/store/change.js'
import { ExactRedisStore } from '../../src/store/index.js'
import { fieldsOfReply } from '../../src/store/session-codec.js'
import { useRedis } from '../support/use-redis.js'
import { anyChange, anyData, RULES } from './arbitraries.js'
import { openQueue } from './commit-queue.js'
import { type AnySession, load, newSession } from './requests.js'

const { client } = await useRedis()
const options = {
  client,
  counters: ['visits', 'clicks'],
  cappedLists: { trail: 20 },
  onGone: 'error',
} as const
const store = new ExactRedisStore(options)
// Another process has its own client: stores on the same one share their marks.
const otherClient = client.duplicate()
afterAll(() => otherClient.disconnect())
const replica = new ExactRedisStore({ ...options, client: otherClient })

const create = async (data: Record<string, unknown>, sid = 'sid') => {
  const session = newSession(store, sid)
  await store.commit(Object.assign(session, data) as AnySession)
  return session
}
const stored = async (sid = 'sid') => (await store.get(sid)) as unknown as Record<string, unknown> | null

describe('the commit script', () => {
  it('does what the model says, for any change of any session', async () => {
    const { queue, deadline } = openQueue(client, 'client', 5_000)
    const commit = {
      ttlMs: 60_000,
      idempotencyKey: '',
      legacy: undefined,
      reads: [],
      expiry: { kind: 'sliding', ms: 60_000 },
      cappedLists: RULES.cappedLists,
    } as const
    let sid = 0
    await fc.assert(
      fc.asyncProperty(anyData, fc.array(anyChange, { maxLength: 4 }), async (data, changes) => {
        sid += 1
        const key = `s${sid}`
        const base = fieldsOf({ ...data, always: 1 }, RULES)
        const none = { set: base, deleted: new Set<string>(), added: new Map(), appended: new Map() }
        await queue.send(key, { ...commit, mode: 'replace', change: none }, deadline())
        const sent = changes.map((change) =>
          queue.send(key, { ...commit, mode: 'update', change }, deadline()),
        )
        await Promise.all(sent)
        const model = changes.reduce((fields, change) => applied(fields, change, RULES), new Map(base))
        const fields = fieldsOfReply(await client.hgetallBuffer(key).then(flat))
        expect(Object.fromEntries(fields)).toEqual(Object.fromEntries(model))
      }),
      { numRuns: 300 },
    )
  })

  const flat = (reply: Record<string, Buffer>) =>
    Object.entries(reply).flatMap(([name, text]) => [name, `${text}`])
})

describe('two requests at once', () => {
  it('both keep what they set', async () => {
    await create({})
    const [a, b] = [await load(store, 'sid'), await load(replica, 'sid')]
    a.a = 1
    b.b = 2
    await Promise.all([store.commit(a), replica.commit(b)])
    expect(await stored()).toMatchObject({ a: 1, b: 2 })
  })

  it('keep deleted what one deletes', async () => {
    await create({ a: 1, b: 1 })
    const [a, b] = [await load(store, 'sid'), await load(replica, 'sid')]
    delete a.a
    b.b = 2
    await store.commit(a)
    await replica.commit(b)
    expect(await stored()).not.toHaveProperty('a')
    expect(await stored()).toMatchObject({ b: 2 })
  })

  it('see two numbers, the true ones, and keep both entries', async () => {
    await create({ visits: 5, trail: ['start'] })
    const [a, b] = [await load(store, 'sid'), await load(replica, 'sid')]
    for (const [session, name] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      session.visits = 6
      ;(session.trail as unknown as string[]).push(name)
    }
    await store.commit(a)
    await replica.commit(b)
    expect([a.visits, b.visits]).toEqual([6, 7])
    expect(await stored()).toMatchObject({ visits: 7, trail: ['start', 'a', 'b'] })
  })

  it('keep both entries of a log that is full, whether or not a request cuts it', async () => {
    const full = Array.from({ length: 20 }, (_, i) => ({ at: i, tags: [i] }))
    await create({ trail: full })
    const [a, b, c] = [await load(store, 'sid'), await load(replica, 'sid'), await load(store, 'sid')]
    a.trail = [...(a.trail as unknown as unknown[]), 'a'].slice(-20) as never
    ;(b.trail as unknown as unknown[]).push('b', 'b')
    c.trail = [...Array.from({ length: 20 }, (_, i) => `c${i}`)] as never
    await Promise.all([store.commit(a), replica.commit(b)])
    expect(b.trail).toEqual([...full.slice(2), 'b', 'b'])
    const { trail } = (await stored()) ?? {}
    expect((trail as unknown[]).slice(0, 17)).toEqual(full.slice(3))
    expect((trail as unknown[]).slice(17).sort()).toEqual(['a', 'b', 'b'])
    await store.commit(c)
    expect(await stored()).toMatchObject({ trail: c.trail })
  })

  it('show the true counters, also those that they left alone', async () => {
    await create({ visits: 1, clicks: 1 })
    const [a, b] = [await load(store, 'sid'), await load(replica, 'sid')]
    a.clicks = 5
    b.visits = 2
    await store.commit(a)
    await replica.commit(b)
    expect(b).toMatchObject({ visits: 2, clicks: 5 })
    b.clicks = 6
    await replica.commit(b)
    expect(await stored()).toMatchObject({ visits: 2, clicks: 6 })
  })

  it('of 100 on one session see 100 numbers', async () => {
    await create({ visits: 0 })
    const numbers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const own = i % 2 ? store : replica
        const session = await load(own, 'sid')
        session.visits += 1
        await own.commit(session)
        return session.visits
      }),
    )
    expect(numbers.sort((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })

  it('let the later of the two win for a key that was not declared', async () => {
    await create({ name: 'old' })
    const [a, b] = [await load(store, 'sid'), await load(replica, 'sid')]
    a.name = 'a'
    b.name = 'b'
    await store.commit(a)
    await replica.commit(b)
    expect(await stored()).toMatchObject({ name: 'b' })
  })
})

describe('a session', () => {
  it('that two requests have from one load is compared with its own', async () => {
    await create({ visits: 1 })
    const data = await store.get('sid')
    if (!data) throw new Error('no session')
    const request = { sessionID: 'sid', sessionStore: store } as never
    const hold = () => store.createSession(request, data) as AnySession
    const [one, two, three] = [hold(), hold(), hold()]
    one.visits += 1
    await store.commit(one)
    two.visits += 1
    await store.commit(two)
    three.name = 'a'
    await store.commit(three)
    expect([one.visits, two.visits, three.visits]).toEqual([2, 3, 3])
    expect(await store.get('sid')).toMatchObject({ visits: 3, name: 'a' })
  })

  it.each([Object.seal, Object.preventExtensions])(
    'commits a change once where it takes no property: %s',
    async (close) => {
      await create({ visits: 1 })
      const session = await load(store, 'sid')
      session.visits += 1
      close(session)
      await Promise.all([store.commit(session), store.commit(session)])
      expect(await store.get('sid')).toMatchObject({ visits: 2 })
    },
  )

  it('that was destroyed while a request had it stays dead', async () => {
    await create({ visits: 1 })
    const slow = await load(store, 'sid')
    slow.visits += 1
    await replica.destroy('sid')
    await expect(store.commit(slow)).rejects.toMatchObject({ code: 'ERR_SESSION_GONE' })
    expect(await client.keys('*')).toEqual([])
    // Not at the end of the response either.
    await expect(
      new Promise((resolve, reject) => slow.save((e) => (e ? reject(e) : resolve(1)))),
    ).rejects.toThrow()
    expect(await client.keys('*')).toEqual([])
  })

  it('that expired stays dead, and silently so by default', async () => {
    const silent = new ExactRedisStore({ client, counters: ['visits'] })
    await create({ visits: 1 })
    const slow = await load(silent, 'sid')
    slow.visits += 1
    await client.pexpire('sess:sid', 1)
    await expect.poll(() => client.exists('sess:sid')).toBe(0)
    await silent.commit(slow)
    expect(await client.keys('*')).toEqual([])
  })

  it('is created only where none is', async () => {
    await create({ visits: 1 })
    await expect(create({ visits: 1 })).rejects.toMatchObject({ code: 'ERR_SESSION_EXISTS' })
    expect(await stored()).toMatchObject({ visits: 1 })
  })

  it('that was refused its first commit is created by the next', async () => {
    const session = newSession(store, 'sid')
    session.visits = 1
    await client.config('SET', 'maxmemory', '1')
    await expect(store.commit(session)).rejects.toThrow(/OOM/)
    await client.config('SET', 'maxmemory', '0')
    await store.commit(session)
    expect(await stored()).toMatchObject({ visits: 1 })
  })

  it('keeps its log whole when it is shortened below its length', async () => {
    const session = await create({ trail: Array.from({ length: 30 }, (_, i) => i) })
    ;(session as Record<string, unknown>).trail = [27, 28]
    await store.commit(session)
    expect(await stored()).toMatchObject({ trail: [27, 28] })
    await client.hset('sess:sid', ':trail', JSON.stringify(Array.from({ length: 30 }, (_, i) => i)))
    const long = await load(store, 'sid')
    ;(long as Record<string, unknown>).trail = (long.trail as unknown[]).slice(-20)
    await store.commit(long)
    expect((await stored())?.trail).toHaveLength(20)
  })

  it.each(['hash', 'connect-redis'] as const)(
    'keeps an array with holes as JSON has it, also in a log: %s',
    async (format) => {
      const [holes, stored] = [
        [1, ...new Array(1), 3],
        [1, null, 3],
      ]
      const logs = new ExactRedisStore({ client, cappedLists: { trail: 20 }, format })
      const made = Object.assign(newSession(logs, 'holes'), { trail: holes, plain: holes }) as AnySession
      await logs.commit(made)
      expect(await logs.get('holes')).toMatchObject({ trail: stored, plain: stored })
      const session = await load(logs, 'holes')
      session.trail.length = 5
      await logs.commit(session)
      expect(await logs.update('holes', { append: { trail: holes } })).toMatchObject({
        trail: [...stored, null, null, ...stored],
      })
    },
  )

  it('shows the true counters after two commits at once that others came between', async () => {
    const session = await create({ visits: 5 })
    const other = await load(replica, 'sid')
    other.visits += 10
    await replica.commit(other)
    session.visits += 1
    const first = store.commit(session)
    session.visits += 1
    await Promise.all([first, store.commit(session)])
    expect(session.visits).toBe(17)
    expect(await stored()).toMatchObject({ visits: 17 })
  })

  it('of a slow request lives as long as others made it live', async () => {
    const session = newSession(store, 'sid', { maxAge: 60_000 })
    await store.commit(session)
    const slow = await load(store, 'sid')
    slow.cookie.expires = new Date(Date.now() - 1)
    slow.cookie.originalMaxAge = 60_000
    slow.visits = 1
    await store.commit(slow)
    expect(await client.pttl('sess:sid')).toBeGreaterThan(50_000)
  })

  it('reports what it cannot store to its callback', async () => {
    const session = await create({ visits: 1 })
    ;(session as Record<string, unknown>).big = 10n
    await expect(
      new Promise<void>((resolve, reject) => session.save((error) => (error ? reject(error) : resolve()))),
    ).rejects.toThrow(/BigInt/)
  })

  it('commits once what it changed, in the middle and at the end', async () => {
    const session = await create({ visits: 1 })
    session.visits += 1
    const middle = store.commit(session)
    session.visits += 1
    await Promise.all([middle, store.commit(session), store.commit(session)])
    expect(session.visits).toBe(3)
    expect(await stored()).toMatchObject({ visits: 3 })
  })

  it('takes what others committed when it is reloaded', async () => {
    const session = await create({ visits: 1 })
    const other = await load(replica, 'sid')
    other.visits += 1
    await replica.commit(other)
    for (let twice = 0; twice < 2; twice += 1) {
      await new Promise<void>((resolve, reject) =>
        session.reload((error) => (error ? reject(error) : resolve())),
      )
      expect((session.req as unknown as { session: AnySession }).session.visits).toBe(2)
    }
  })

  it('keeps byte for byte what nobody changed, and keys that express-session does not take', async () => {
    const strange = {
      ':big': '12345678901234567890.000',
      ':empty': '[ ]',
      ':object': '{"a":{},"b":[[]]}',
      ':text': '"\\u00e9\u{1f600} \\/ "',
      ':__proto__': '{"polluted":true}',
      ':save': '"a key called save"',
      ':cookie': '{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"}',
    }
    await client.hset('sess:sid', strange)
    const session = await load(store, 'sid')
    expect((Object.prototype as { polluted?: boolean }).polluted).toBeUndefined()
    session.visits = 1
    await store.commit(session)
    delete (session as Partial<AnySession>).visits
    session.name = 'x'
    await store.commit(session)
    expect(await client.hgetall('sess:sid')).toMatchObject({ ...strange, ':name': '"x"' })
    expect(await client.hexists('sess:sid', ':visits')).toBe(0)
  })

  it('is a plain set where a counter is no whole number, and counts again after', async () => {
    const session = await create({ visits: 'many' })
    session.visits = 1.5
    await store.commit(session)
    expect(await stored()).toMatchObject({ visits: 1.5 })
    session.visits = Number.MAX_SAFE_INTEGER
    await store.commit(session)
    session.visits = 7
    await store.commit(session)
    const other = await load(replica, 'sid')
    other.visits += 1
    session.visits += 1
    await Promise.all([store.commit(session), replica.commit(other)])
    expect(await stored()).toMatchObject({ visits: 9 })
  })

  it('that takes a new id takes along what others committed meanwhile', async () => {
    const old = await create({ visits: 5, trail: ['a'] })
    const other = await load(replica, 'sid')
    other.visits += 1
    ;(other.trail as unknown as string[]).push('b')
    await replica.commit(other)
    const req = old.req as never as { session: AnySession; sessionID: string }
    store.generate = () => {
      req.sessionID = 'new'
      req.session = newSession(store, 'new')
    }
    await new Promise<void>((resolve, reject) =>
      old.regenerate((error) => (error ? reject(error) : resolve())),
    )
    expect(old).toMatchObject({ visits: 6, trail: ['a', 'b'] })
    await store.commit(Object.assign(req.session, { visits: old.visits }))
    expect(await stored()).toBeNull()
    expect(await stored('new')).toMatchObject({ visits: 6 })
    expect(await store.ids()).toEqual(['new'])
  })

  it('that takes a new id takes along all that others changed, deletions too (passport: keepSessionInfo)', async () => {
    const old = await create({ visits: 1, user: 'ada', kept: 1, mine: 1, dropped: 1, both: 1, list: ['a'] })
    const list = (old as Record<string, unknown>).list
    const other = await load(replica, 'sid')
    Object.assign(other, { cart: [1], both: 'theirs', kept: 2 })
    delete other.user
    await replica.commit(other)
    Object.assign(old, { mine: 2, both: 'mine', added: 1 })
    delete old.dropped
    const req = old.req as never as { session: AnySession; sessionID: string }
    store.generate = () => {
      req.sessionID = 'new'
      req.session = newSession(store, 'new')
    }
    await new Promise<void>((resolve, reject) =>
      old.regenerate((error) => (error ? reject(error) : resolve())),
    )
    // What passport does then.
    Object.assign(req.session, { ...old, cookie: req.session.cookie })
    await store.commit(req.session)
    expect((old as Record<string, unknown>).list).toBe(list)
    expect(await stored('new')).toEqual({
      cookie: expect.anything(),
      visits: 1,
      kept: 2,
      mine: 2,
      both: 'mine',
      added: 1,
      cart: [1],
      list: ['a'],
    })
  })

  it('that is a record of connect-redis takes it along to a new id as well', async () => {
    await client.set('sess:sid', JSON.stringify({ cookie: {}, visits: 7, trail: [1] }), 'EX', 100)
    const session = await load(store, 'sid')
    session.visits += 1
    store.generate = () => {}
    await new Promise((resolve) => store.regenerate(session.req as never, resolve))
    expect(session).toMatchObject({ visits: 8, trail: [1] })
    expect(await store.ids()).toEqual([])
  })

  it('takes no new id once it has ended', async () => {
    const old = await create({ visits: 5 })
    await replica.destroy('sid')
    await expect(
      new Promise<void>((resolve, reject) => old.regenerate((error) => (error ? reject(error) : resolve()))),
    ).rejects.toMatchObject({ code: 'ERR_SESSION_GONE' })
  })
})

describe('an idempotency key', () => {
  const click = async (own: ExactRedisStore, key: string) => {
    const session = await load(own, 'sid')
    session.visits += 1
    session.last = key
    await own.commit(session, { idempotencyKey: key })
    return session
  }

  it('counts once, on any replica, in any order, and yields the first outcome', async () => {
    await create({ visits: 0 })
    const clicks = await Promise.all(
      Array.from({ length: 40 }, (_, i) => click(i % 3 ? store : replica, `key ${i % 10}`)),
    )
    expect(await stored()).toMatchObject({ visits: 10 })
    for (let key = 0; key < 10; key += 1) {
      const numbers = clicks.filter((_, i) => i % 10 === key).map(({ visits }) => visits)
      expect(new Set(numbers).size).toBe(1)
    }
    // What a repeat changed beside is dropped, now and at the end of its response.
    const repeat = await click(replica, 'key 0')
    await replica.set('sid', repeat)
    expect(await stored()).toMatchObject({ visits: 10 })
  })

  it('is known for the last 128 of a session', async () => {
    await create({ visits: 0 })
    for (let i = 0; i < 300; i += 1) await click(store, `key ${i}`)
    for (let i = 300 - 128; i < 300; i += 1) expect((await click(replica, `key ${i}`)).visits).toBe(i + 1)
    const lines = await client.hget('sess:sid', '@keys')
    expect(lines?.split('\n')).toHaveLength(128 + 1)
    await store.destroy('sid')
    expect(await client.keys('*')).toEqual([])
  })
})

describe('a record of connect-redis', () => {
  const record = JSON.stringify({
    cookie: { originalMaxAge: null, expires: null, path: '/' },
    visits: 7,
    trail: [1],
    user: { id: 1 },
  })

  it('is taken over at its next commit, with what it held and its life', async () => {
    await client.set('sess:sid', record, 'EX', 100)
    const session = await load(store, 'sid')
    expect(session.visits).toBe(7)
    expect(await client.type('sess:sid')).toBe('string')
    session.visits += 1
    ;(session.trail as unknown as number[]).push(2)
    await store.commit(session)
    expect(await stored()).toMatchObject({ visits: 8, trail: [1, 2], user: { id: 1 } })
    expect(await client.type('sess:sid')).toBe('hash')
  })

  it('is taken over by two at once without losing either', async () => {
    await client.set('sess:sid', record, 'EX', 100)
    const both = await Promise.all([load(store, 'sid'), load(replica, 'sid')])
    for (const session of both) session.visits += 1
    await Promise.all([store.commit(both[0]), replica.commit(both[1])])
    expect(both.map(({ visits }) => visits).sort()).toEqual([8, 9])
    expect(await stored()).toMatchObject({ visits: 9, user: { id: 1 } })
  })

  it('that its old program changed meanwhile is merged with', async () => {
    await client.set('sess:sid', record, 'EX', 100)
    const session = await load(store, 'sid')
    await client.set(
      'sess:sid',
      JSON.stringify({ ...JSON.parse(record), visits: 20, user: { id: 2 } }),
      'EX',
      100,
    )
    session.visits += 1
    await store.commit(session)
    expect(session.visits).toBe(21)
    expect(await stored()).toMatchObject({ visits: 21, user: { id: 2 } })
  })

  it('counts among the sessions, and can be destroyed', async () => {
    await client.set('sess:old', record, 'EX', 100)
    await create({ visits: 1 })
    expect((await store.ids()).sort()).toEqual(['old', 'sid'])
    expect(await store.length()).toBe(2)
    expect((await store.all()).map((s) => (s as unknown as AnySession).visits).sort()).toEqual([1, 7])
    await store.clear()
    expect(await client.keys('*')).toEqual([])
  })
})

it('tells of what it does, for metrics', async () => {
  const told: unknown[][] = []
  const events = ['load', 'commit', 'conflict', 'gone', 'duplicate'] as const
  const listeners = events.map(
    (event) => [event, (...details: unknown[]) => told.push([event, ...details])] as const,
  )
  for (const [event, listener] of listeners) store.on(event, listener)
  await create({ visits: 0 })
  const [a, b, c] = [await load(store, 'sid'), await load(store, 'sid'), await load(store, 'sid')]
  for (const session of [a, b]) session.visits += 1
  await store.commit(a, { idempotencyKey: 'k' })
  await store.commit(b)
  await store.commit(c, { idempotencyKey: 'k' })
  await store.destroy('sid')
  c.visits += 1
  await expect(store.commit(c)).rejects.toThrow()
  for (const [event, listener] of listeners) store.off(event, listener)
  const count = (name: string) => told.filter(([event]) => event === name).length
  expect(events.map((event) => [event, count(event)])).toEqual([
    ['load', 3],
    ['commit', 5],
    ['conflict', 1],
    ['gone', 1],
    ['duplicate', 1],
  ])
  const timed = told.filter(([event]) => event === 'load' || event === 'commit')
  for (const [, ms] of timed) expect(ms).toEqual(expect.any(Number))
  expect(timed.map(([, , outcome]) => outcome)).toEqual([...Array(7).fill('ok'), 'gone'])
})
