// How a commit to a record of connect-redis is merged here and written if nobody came between: with a Redis that says what the case
// needs.
import { createHash } from 'node:crypto'
import type { SessionData } from 'express-session'
import { describe, expect, it } from 'vitest'
import { NO_CHANGE } from '../../src/store/change.js'
import type { Commit } from '../../src/store/commit.js'
import { Durability } from '../../src/store/durability.js'
import { Encryption } from '../../src/store/encryption.js'
import { Keys } from '../../src/store/keys.js'
import { RecordCommits, RecordWriter } from '../../src/store/record-commits.js'
import { RetryingClient } from '../../src/store/retrying-client.js'
import { UPDATE } from './commit-queue.js'
import { fakeClient } from './fake-client.js'

const RULES = { counters: new Set(['visits', 'clicks']), cappedLists: new Map([['trail', 2]]) }
const COMMIT: Commit = { ...UPDATE, cappedLists: RULES.cappedLists }
const COOKIE = { originalMaxAge: 60_000, expires: '2020-01-01T00:00:00.000Z' }
const record = (content: object, ttlMs: number | string = 30_000) => [
  'found',
  sha(JSON.stringify(content)),
  ttlMs,
  [JSON.stringify(content)],
]
const sha = (text: string) => createHash('sha1').update(text).digest('hex')
const done = (outcome: unknown) => ['done', JSON.stringify(outcome)]
const set = (content: object) => ({
  ...NO_CHANGE,
  set: new Map(Object.entries(content).map(([name, value]) => [name, JSON.stringify(value)])),
})

type Reply = unknown[] | ((args: readonly unknown[]) => unknown)

/** @param answers what Redis says, one after the other; after these that it is done, as it was told. */
function open(answers: Reply[] = [], options: Partial<ConstructorParameters<typeof RecordCommits>[2]> = {}) {
  const sent: { keys: readonly string[]; args: readonly unknown[] }[] = []
  const client = fakeClient({
    async script(_script, keys, args) {
      sent.push({ keys, args })
      const answer = answers.shift() ?? ['done', args[6]]
      return typeof answer === 'function' ? answer(args) : answer
    },
  })
  const redis = new RetryingClient(client, new Durability('primary', client, 60_000), 60_000, () => {})
  const writer = new RecordWriter()
  const commits = new RecordCommits(new Keys('sess:', 100, ''), writer, {
    rules: RULES,
    ttl: 60,
    encryption: undefined,
    parseRecord: JSON.parse,
    stringifyRecord: JSON.stringify,
    ...options,
  })
  const send = (commit: Partial<Commit> = {}, deadline = redis.deadline()) =>
    commits.send('sess:sid', { ...COMMIT, ...commit }, deadline, redis)
  /** What was sent each time, by name. */
  const asked = () =>
    sent.map(({ args: [id, sequence, once, version, text, ttlMs, outcome] }) => {
      expect(id).toBe(writer.id)
      return { sequence, once, version, text, ttlMs, outcome }
    })
  return { send, sent, asked, writer, convert: () => commits.convert('sid', redis) }
}

describe('a commit', () => {
  it('creates a session at once if none is there, to expire as its cookie says', async () => {
    const { send, sent, asked } = open()
    expect(await send({ mode: 'create', change: set({ cookie: COOKIE, user: 'ada' }) })).toEqual(['ok', {}])
    expect(sent.map(({ keys }) => keys)).toEqual([['sess:sid', '{sess:sid}:commits']])
    const [{ text, ...rest } = { text: '' }] = asked()
    expect(rest).toEqual({ sequence: 1, once: '', version: 'none', ttlMs: 60_000, outcome: '["ok",{}]' })
    const { cookie, user } = JSON.parse(String(text))
    expect([cookie.originalMaxAge, user]).toEqual([60_000, 'ada'])
    // For connect-redis, which goes by the date.
    expect(Date.parse(cookie.expires)).toBeGreaterThan(Date.now())
  })

  it('creates none where a session is', async () => {
    const { send } = open([record({ a: 1 })])
    expect(await send({ mode: 'create', change: set({ user: 'ada' }) })).toEqual(['exists'])
  })

  it('that replaces a session writes whatever is there', async () => {
    const { send, asked } = open([record({ old: 1 })])
    expect(await send({ mode: 'replace', change: set({ user: 'ada' }) })).toEqual(['ok', {}])
    expect(asked().map(({ version }) => version)).toEqual(['any', sha('{"old":1}')])
    expect(asked().map(({ text }) => text)).toEqual(['{"user":"ada"}', '{"user":"ada"}'])
  })

  it('to a session that it does not know looks first, and merges with what it finds', async () => {
    const found = { visits: 3, clicks: 7, other: 'kept', trail: [1, 2] }
    const { send, asked } = open([record(found)])
    const change = {
      ...set({ user: 'ada' }),
      added: new Map([['visits', { by: 2, total: 2 }]]),
      appended: new Map([['trail', ['3']]]),
    }
    expect(await send({ change, reads: ['clicks', 'other'] })).toEqual(['ok', { visits: 5, clicks: 7 }])
    expect(asked()).toMatchObject([
      { version: 'look', text: '', ttlMs: 0, outcome: '[]', sequence: 1 },
      { version: sha(JSON.stringify(found)), ttlMs: 60_000, sequence: 1 },
    ])
    expect(JSON.parse(String(asked()[1]?.text))).toEqual({
      visits: 5,
      clicks: 7,
      other: 'kept',
      trail: [2, 3],
      user: 'ada',
    })
  })

  it('to a record that was loaded does not look again', async () => {
    const legacy = { text: '{"a":1}', fields: new Map([['a', '1']]) }
    const { send, asked } = open()
    await send({ legacy, change: set({ b: 2 }) })
    expect(asked()).toMatchObject([{ version: sha('{"a":1}'), text: '{"a":1,"b":2}' }])
  })

  it('is merged again with what another wrote in between', async () => {
    const legacy = { text: '{"visits":1}', fields: new Map([['visits', '1']]) }
    const { send, asked } = open([record({ visits: 5 }), record({ visits: 6 })])
    const change = { ...NO_CHANGE, added: new Map([['visits', { by: 1, total: 2 }]]) }
    expect(await send({ legacy, change })).toEqual(['ok', { visits: 7 }])
    expect(asked().map(({ text }) => text)).toEqual(['{"visits":2}', '{"visits":6}', '{"visits":7}'])
  })

  it('to a session that has ended changes nothing', async () => {
    const { send, sent } = open([['found', 'none', 0, []]])
    expect(await send({ change: set({ a: 1 }) })).toEqual(['gone'])
    expect(sent).toHaveLength(1)
  })

  it('is known again by its idempotency key, and by its number', async () => {
    const { send, asked } = open([record({}), (args) => done(['dup', { seen: args[1] }])])
    expect(await send({ idempotencyKey: 'a key' })).toEqual(['dup', { seen: 1 }])
    expect(asked().map(({ once }) => once)).toEqual(['', '"a key"'])
    await send({ mode: 'replace', idempotencyKey: '' })
    expect(asked()[2]).toMatchObject({ once: '', sequence: 2 })
  })

  it('returns the session as it left it, if that is wanted', async () => {
    const { send } = open()
    const wanted = { mode: 'replace', loads: 'all' } as const
    expect(await send({ ...wanted, change: set({ cookie: COOKIE, user: 'ada' }) })).toEqual([
      'ok',
      {},
      ['60000', '60000', ':cookie', JSON.stringify(COOKIE), ':user', '"ada"'],
    ])
    const fixed = { cookie: { originalMaxAge: null, expires: new Date(Date.now() + 9_000).toISOString() } }
    const [, , found] = await send({ ...wanted, change: set(fixed) })
    expect(Number(found?.[0])).toBeLessThanOrEqual(9_000)
    expect(found?.slice(1)).toEqual(['', ':cookie', JSON.stringify(fixed.cookie)])
  })

  it('returns no session if it changed none', async () => {
    const { send } = open([done(['dup', { visits: 1 }])])
    expect(await send({ mode: 'replace', loads: 'all' })).toEqual(['dup', { visits: 1 }])
    const gone = open([['found', 'none', 0, []]])
    expect(await gone.send({ loads: 'all' })).toEqual(['gone'])
  })

  it('leaves the date of an end at a fixed time as it is, and ends a session whose end has come', async () => {
    const { send, asked } = open()
    const cookie = { originalMaxAge: null, expires: '2020-01-01T00:00:00.000Z' }
    await send({ mode: 'replace', change: set({ cookie }) })
    expect(asked()[0]).toMatchObject({ ttlMs: 1, text: JSON.stringify({ cookie }) })
    await send({ mode: 'replace', change: set({ cookie: { originalMaxAge: 0 } }) })
    expect(asked()[1]?.ttlMs).toBe(1)
    const function_ = open([], { ttl: () => 5 })
    await function_.send({ mode: 'replace', change: set({ cookie: COOKIE }) })
    expect(function_.asked()[0]).toMatchObject({ ttlMs: 5_000, text: JSON.stringify({ cookie: COOKIE }) })
  })

  it('opens what was encrypted, and writes it as plain text', async () => {
    const encryption = new Encryption(['ab'.repeat(32)])
    const sealed = encryption.seal('sid', 'user', '"ada"')
    const hash = ['found', 'hash:1', '30000', ['@ttl', '60000', ':user', sealed, ':visits', '1']]
    const { send, asked } = open([hash], { encryption })
    await send({ change: set({ a: 1 }) })
    expect(asked()[1]).toMatchObject({ version: 'hash:1', text: '{"user":"ada","visits":1,"a":1}' })
  })

  it('leaves alone what is no session', async () => {
    const foreign = { code: 'ERR_SESSION_FOREIGN' }
    await expect(open([['found', 'foreign', 0, []]]).send()).rejects.toMatchObject(foreign)
    await expect(open([['found', 'v', 0, ['name', 'of another']]]).send()).rejects.toMatchObject(foreign)
    await expect(open([['found', 'v', 0, ['[1]']]]).send()).rejects.toMatchObject(foreign)
    expect(await open([['found', 'v', 0, ['@ttl', '1000']]]).send({ change: set({ a: 1 }) })).toEqual([
      'ok',
      {},
    ])
  })
})

describe('commits to one session', () => {
  const held = () => {
    let answer: (reply: unknown) => void = () => {}
    const reply = new Promise((resolve) => {
      answer = resolve
    })
    return { reply: () => reply, answer }
  }

  it('are sent one after the other, also after one that failed', async () => {
    const first = held()
    const { send, sent, writer } = open([
      first.reply,
      () => {
        throw new Error('OOM command not allowed')
      },
    ])
    const all = [send({ mode: 'replace' }), send({ mode: 'replace' }), send({ mode: 'replace' })]
    const failed = expect(all[1]).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(sent).toHaveLength(1)
    first.answer(done(['ok', {}]))
    expect([await all[0], await all[2]]).toEqual([
      ['ok', {}],
      ['ok', {}],
    ])
    await failed
    expect(sent).toHaveLength(3)
    expect(writer.last.size).toBe(0)
  })

  it('that waited beyond their deadline are not sent', async () => {
    const first = held()
    const { send, sent } = open([first.reply])
    const one = send({ mode: 'replace' })
    const late = expect(send({ mode: 'replace' }, performance.now())).rejects.toMatchObject({
      code: 'ERR_STORE_TIMEOUT',
      message: 'no answer from Redis within 60000 ms',
    })
    first.answer(done(['ok', {}]))
    await one
    await late
    expect(sent).toHaveLength(1)
  })
})

describe('a session on the way back to connect-redis', () => {
  it('is written with what it holds and its time, if it is not yet', async () => {
    const hash = ['found', 'hash:1', '30000', ['@ttl', '60000', ':cookie', JSON.stringify(COOKIE), ':a', '1']]
    const { convert, asked } = open([hash])
    const before = Date.now()
    expect(await convert()).toBe('written')
    expect(asked()).toMatchObject([
      { version: 'look', once: '', outcome: '[]' },
      { version: 'hash:1', once: '', ttlMs: 0, outcome: '["ok"]' },
    ])
    const { cookie, a } = JSON.parse(String(asked()[1]?.text)) as SessionData & { a: number }
    expect(a).toBe(1)
    expect(Date.parse(String(cookie.expires))).toBeGreaterThanOrEqual(before + 30_000)
  })

  it('is left alone if it is one of its records, or has ended', async () => {
    const unchanged = open([record({ a: 1 })])
    expect(await unchanged.convert()).toBe('unchanged')
    const gone = open([['found', 'none', 0, []]])
    expect(await gone.convert()).toBe('gone')
    expect([unchanged.sent.length, gone.sent.length]).toEqual([1, 1])
  })

  it('is looked at again if another came between', async () => {
    const hash = ['found', 'hash:1', '30000', ['@ttl', '60000', ':a', '1']]
    const { convert, sent } = open([hash, record({ a: 2 })])
    expect(await convert()).toBe('unchanged')
    expect(sent).toHaveLength(2)
  })
})
