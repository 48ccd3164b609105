// What a session object that a request holds sends to Redis, and what it makes of the answers: with sessions that answer as each case
// needs it.
import type { SessionData } from 'express-session'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Change,
  type Fields,
  fieldsOf as fieldsOfData,
  NO_CHANGE,
  type Rules,
} from '../../src/store/change.js'
import type { Commit, CommitOutcome } from '../../src/store/commit.js'
import { OutcomeUnknownError, SessionExistsError, SessionGoneError } from '../../src/store/errors.js'
import { type Expiry, FIXED, type TtlOption } from '../../src/store/expiry.js'
import { HeldSession } from '../../src/store/held-session.js'
import type { LoadedSession } from '../../src/store/session-codec.js'
import type { SessionRepository } from '../../src/store/session-repository.js'

const RULES: Rules = { counters: new Set(['visits', 'clicks']), cappedLists: new Map([['trail', 3]]) }
const HOUR_MS = 3_600_000
const NEVER = Number.NEGATIVE_INFINITY

let now = 0
let clock: { mockRestore(): void }
beforeEach(() => {
  now = 1_000_000
  clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => clock.mockRestore())

interface Case {
  readonly ttl?: TtlOption
  readonly onGone?: 'ignore' | 'error'
  readonly disableTouch?: boolean
  /** What Redis says to each commit; `ok` after these. */
  readonly answers?: readonly (CommitOutcome | Error | (() => CommitOutcome))[]
  /** What a load finds after "moved". */
  readonly record?: LoadedSession | undefined
  /** What the session holds when it is retired. */
  readonly last?: Readonly<Record<string, unknown>>
}

const fieldsOf = (data: object) => fieldsOfData(data, RULES)

const COOKIE = { originalMaxAge: null, expires: null, path: '/', httpOnly: true }
const SLIDING: Expiry = { kind: 'sliding', ms: HOUR_MS }

function loadedAs(data: object, more: Partial<LoadedSession> = {}): LoadedSession {
  const common = { sid: 'sid', counts: true, ttlMs: HOUR_MS, legacy: undefined, unextended: undefined }
  return { ...common, base: fieldsOf(data), expiry: SLIDING, extendedAt: now, ...more }
}

function open(data: object, loaded: LoadedSession | undefined, options: Case = {}) {
  const { ttl = 3_600, onGone = 'error', disableTouch = false, record, last = {} } = options
  const answers = [...(options.answers ?? [])]
  const commits: Commit[] = []
  const sent: unknown[][] = []
  const told: string[] = []
  const sessions: Partial<SessionRepository> = {
    rules: RULES,
    ttl,
    async commit(_sid, commit) {
      commits.push(commit)
      const answer = answers.shift() ?? ['ok', {}]
      if (answer instanceof Error) throw answer
      return typeof answer === 'function' ? answer() : answer
    },
    async load(...args) {
      sent.push(['load', ...args])
      return record
    },
    async extend(...args) {
      sent.push(['extend', ...args])
    },
    async destroy(...args) {
      sent.push(['destroy', ...args])
    },
    async retire(...args) {
      sent.push(['retire', ...args])
      return fieldsOf(last)
    },
  }
  const context = {
    sessions: sessions as SessionRepository,
    disableTouch,
    onGone,
    isRefusal: (error: unknown) => error instanceof Error && error.message === 'OOM',
    tell: (event: string) => told.push(event),
  }
  const held = new HeldSession(context, 'sid', data as SessionData, loaded)
  return { held, commits, sent, told, data: data as Record<string, unknown> }
}
const session = (content: object = {}) => ({ cookie: { ...COOKIE }, ...content })
/** A session that holds what it was loaded as. */
const openLoaded = (content: object, options: Case = {}, more: Partial<LoadedSession> = {}) =>
  open(session(content), loadedAs(session(content), more), options)
const of = (change: Change | undefined) => ({
  set: Object.fromEntries(change?.set ?? []),
  deleted: [...(change?.deleted ?? [])],
  added: Object.fromEntries(change?.added ?? []),
  appended: Object.fromEntries(change?.appended ?? []),
})

const isStored = (held: HeldSession) => held.unsaved() === NO_CHANGE && held.isExtended()

describe('a session that is used', () => {
  it('is extended only after a hundredth of its life, by its own measure', async () => {
    const { held, sent, commits } = openLoaded({})
    now += HOUR_MS / 100 - 1
    expect(held.isExtended()).toBe(true)
    await held.touch(7)
    expect(sent).toEqual([])
    now += 1
    expect(held.isExtended()).toBe(false)
    await held.touch(7)
    expect(sent).toEqual([['extend', 'sid', HOUR_MS, true, 7]])
    expect(commits).toEqual([])
    // That was a moment ago.
    expect(held.isExtended()).toBe(true)
    await held.touch(7)
    expect(sent).toHaveLength(1)
  })

  it('is not extended where only a change extends it', async () => {
    const { held, sent } = openLoaded({}, { disableTouch: true }, { extendedAt: NEVER })
    await held.touch(7)
    expect(sent).toEqual([])
  })

  it('is not extended by a use that does not count, but a changed cookie is stored', async () => {
    const { held, sent, commits, data } = openLoaded({}, {}, { counts: false, extendedAt: NEVER })
    expect(held.isExtended()).toBe(true)
    await held.touch(7)
    expect(sent).toEqual([])
    data.cookie = { ...COOKIE, path: '/admin' }
    expect(held.isExtended()).toBe(false)
    await held.touch(7)
    expect(of(commits[0]?.change).set).toEqual({ cookie: JSON.stringify(data.cookie) })
  })

  it('is as one with a usual cookie if its object lost it', () => {
    const { held, data } = openLoaded({}, {}, { counts: false })
    delete data.cookie
    expect(held.isExtended()).toBe(true)
  })

  it('as a record of connect-redis is extended as the option says, each time that counts', async () => {
    const legacy = { text: '{}', fields: new Map() }
    const counted = openLoaded({}, {}, { expiry: undefined, legacy, extendedAt: NEVER })
    expect(counted.held.isExtended()).toBe(false)
    await counted.held.touch(7)
    expect(counted.sent).toEqual([['extend', 'sid', HOUR_MS, false, 7]])
    const uncounted = openLoaded({}, {}, { expiry: undefined, legacy, extendedAt: NEVER, counts: false })
    expect(uncounted.held.isExtended()).toBe(true)
    await uncounted.held.touch(7)
    expect(uncounted.sent).toEqual([])
    uncounted.data.cookie = { ...COOKIE, path: '/admin' }
    expect(uncounted.held.isExtended()).toBe(false)
  })

  it('keeps an end at a fixed time: it is not extended', async () => {
    const cookie = { ...COOKIE, expires: new Date(Date.now() + HOUR_MS).toISOString() }
    const more = { expiry: FIXED, extendedAt: NEVER }
    const { held, sent, commits, data } = open({ cookie }, loadedAs({ cookie }, more))
    expect(held.isExtended()).toBe(true)
    await held.touch(7)
    expect([sent, commits]).toEqual([[], []])
    // express-session's touch takes the end off the cookie.
    data.cookie = { ...COOKIE }
    await held.touch(7)
    expect([sent, commits]).toEqual([[], []])
    data.cookie = { ...cookie, path: '/admin' }
    expect(held.isExtended()).toBe(false)
    await held.touch(7)
    expect(of(commits[0]?.change).set).toEqual({ cookie: JSON.stringify(data.cookie) })
  })

  it('with an end at a fixed time that its request took off slides again', async () => {
    const cookie = { ...COOKIE, expires: new Date(Date.now() + HOUR_MS).toISOString() }
    const { held, commits, data } = open(
      { cookie },
      loadedAs({ cookie }, { expiry: FIXED, extendedAt: NEVER }),
    )
    data.cookie = { ...COOKIE, originalMaxAge: 5_000 }
    await held.touch(7)
    expect(commits[0]).toMatchObject({ expiry: { kind: 'sliding', ms: 5_000 } })
  })

  it('whose maxAge its request took off slides as the option says', async () => {
    const cookie = { ...COOKIE, originalMaxAge: 5_000, expires: new Date(Date.now() + 5_000).toISOString() }
    const { held, commits, data } = open(
      { cookie },
      loadedAs({ cookie }, { expiry: { kind: 'sliding', ms: 5_000 } }),
    )
    data.cookie = { ...COOKIE }
    await held.touch(7)
    expect(commits[0]).toMatchObject({ expiry: SLIDING, ttlMs: HOUR_MS })
  })

  it('had no cookie, and is given one: it slides as the option says', async () => {
    const { held, commits } = open(session(), loadedAs({}, { expiry: FIXED }))
    await held.commit('', 7)
    expect(commits[0]).toMatchObject({ expiry: SLIDING, ttlMs: HOUR_MS })
  })

  it('whose end a function gives is extended to what it gives by then', async () => {
    let seconds = 60
    const ttl = () => seconds
    const { held, sent } = openLoaded({}, { ttl }, { expiry: FIXED })
    await held.touch(7)
    expect(sent).toEqual([])
    now += 600
    seconds = 30
    await held.touch(7)
    expect(sent).toEqual([['extend', 'sid', 30_000, true, 7]])
  })

  it('ends when a function says that it has', async () => {
    const { held, sent } = openLoaded({}, { ttl: () => 0 }, { expiry: FIXED })
    await held.touch(7)
    expect(sent).toEqual([['destroy', 'sid', 7]])
  })

  it('whose maxAge was changed is stored with it', async () => {
    const { held, commits, data } = openLoaded({})
    data.cookie = { ...COOKIE, originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000) }
    expect(held.isExtended()).toBe(false)
    await held.touch(7)
    expect(commits[0]).toMatchObject({
      mode: 'update',
      expiry: { kind: 'sliding', ms: 60_000 },
      idempotencyKey: '',
    })
    expect(commits[0]?.ttlMs).toBeLessThanOrEqual(60_000)
    expect(of(commits[0]?.change).set).toEqual({ cookie: JSON.stringify(data.cookie) })
  })

  it('slides by the option of now, if another was there when it was stored', async () => {
    const { held, commits } = openLoaded({}, {}, { expiry: { kind: 'sliding', ms: 1_000 } })
    await held.touch(7)
    expect(commits[0]).toMatchObject({ expiry: SLIDING, ttlMs: HOUR_MS })
    expect(of(commits[0]?.change)).toEqual({ set: {}, deleted: [], added: {}, appended: {} })
  })

  it('and was never stored is extended as the option says, if another stored it', async () => {
    const { held, sent } = open(session(), undefined)
    expect(held.isExtended()).toBe(false)
    await held.touch(7)
    expect(sent).toEqual([['extend', 'sid', HOUR_MS, false, 7]])
  })

  it('is stored if Redis has all of it, and extended it a moment ago', async () => {
    const { held, data } = openLoaded({ user: 'ada' })
    expect(isStored(held)).toBe(true)
    data.user = 'eve'
    expect(isStored(held)).toBe(false)
    data.user = 'ada'
    now += HOUR_MS
    expect(isStored(held)).toBe(false)
    expect(isStored(open(session(), undefined).held)).toBe(false)
    // The commit will say what is wrong.
    const odd = openLoaded({})
    odd.data.odd = 1n
    expect(isStored(odd.held)).toBe(false)
  })

  it('that an option can’t judge is not called extended: the touch says why', async () => {
    const { held } = openLoaded({}, { ttl: (() => 'soon') as never }, { expiry: FIXED })
    expect(held.isExtended()).toBe(false)
    await expect(held.touch(7)).rejects.toThrow(TypeError)
  })
})

describe('a commit', () => {
  it('makes a new session, to expire as its cookie or the option says', async () => {
    const { held, commits } = open(session({ user: 'ada' }), undefined)
    await held.commit('', 7)
    expect(commits[0]).toMatchObject({ mode: 'create', ttlMs: HOUR_MS, expiry: SLIDING, idempotencyKey: '' })
    const set = { cookie: JSON.stringify(COOKIE), user: '"ada"' }
    expect(of(commits[0]?.change).set).toEqual(set)
    // A while later it is a session that is there.
    expect(isStored(held)).toBe(true)
    now += HOUR_MS / 100
    expect(held.isExtended()).toBe(false)
  })

  it('sends what was changed since the last one', async () => {
    const { held, commits, data } = openLoaded({ user: 'ada' })
    data.user = 'eve'
    await held.commit('', 7)
    data.visits = 1
    await held.commit('key', 7)
    expect(commits.map(({ change }) => of(change))).toEqual([
      { set: { user: '"eve"' }, deleted: [], added: {}, appended: {} },
      { set: {}, deleted: [], added: { visits: { by: 1, total: 1 } }, appended: {} },
    ])
    expect(
      commits.map(({ mode, ttlMs, expiry, idempotencyKey }) => [mode, ttlMs, expiry, idempotencyKey]),
    ).toEqual([
      ['update', undefined, undefined, ''],
      ['update', undefined, undefined, 'key'],
    ])
  })

  it('of no change only extends the session; under an idempotency key it is sent', async () => {
    const { held, commits, sent } = openLoaded({}, {}, { extendedAt: NEVER })
    await held.commit('', 7)
    expect(commits).toEqual([])
    expect(sent).toEqual([['extend', 'sid', HOUR_MS, true, 7]])
    await held.commit('key', 7)
    expect(commits).toHaveLength(1)
    expect(commits[0]?.idempotencyKey).toBe('key')
  })

  it('of a session whose end has come ends it', async () => {
    const { held, commits, sent } = open(session(), undefined, { ttl: () => -1 })
    await held.commit('', 7)
    expect(commits).toEqual([])
    expect(sent).toEqual([['destroy', 'sid', 7]])
    const cookie = { ...COOKIE, originalMaxAge: 0 }
    const loaded = open({ cookie }, loadedAs({ cookie }, { expiry: { kind: 'sliding', ms: 0 } }))
    loaded.data.user = 'ada'
    await loaded.held.commit('', 7)
    expect(loaded.sent).toEqual([['destroy', 'sid', 7]])
  })

  it('asks a function for the end of its session each time, and only then', async () => {
    const { held, commits, data } = openLoaded({}, { ttl: () => 60 }, { expiry: FIXED })
    data.user = 'ada'
    await held.commit('', 7)
    expect(commits[0]).toMatchObject({ ttlMs: 60_000, expiry: undefined })
    const fixed = openLoaded({}, { ttl: () => 60 })
    fixed.data.user = 'ada'
    await fixed.held.commit('', 7)
    expect(fixed.commits[0]).toMatchObject({ ttlMs: 60_000, expiry: FIXED })
  })

  it('leaves the end at a fixed time alone unless it sets the cookie', async () => {
    const cookie = { ...COOKIE, expires: new Date(Date.now() + HOUR_MS).toISOString() }
    const { held, commits, data } = open({ cookie }, loadedAs({ cookie }, { expiry: FIXED }))
    data.user = 'ada'
    await held.commit('', 7)
    expect(commits[0]).toMatchObject({ ttlMs: undefined, expiry: undefined })
    data.cookie = { ...cookie, expires: new Date(Date.now() + 2 * HOUR_MS).toISOString() }
    await held.commit('', 7)
    expect(commits[1]?.ttlMs).toBeGreaterThan(HOUR_MS)
    expect(commits[1]?.expiry).toBeUndefined()
  })

  it('takes a record of connect-redis over, to expire as it is used from now on', async () => {
    const legacy = { text: '{"user":"ada"}', fields: fieldsOf({ user: 'ada' }) }
    const { held, commits, data } = openLoaded({ user: 'ada' }, {}, { legacy, expiry: undefined })
    data.user = 'eve'
    await held.commit('', 7)
    expect(commits[0]).toMatchObject({ legacy, ttlMs: HOUR_MS, expiry: SLIDING })
    data.user = 'ada'
    await held.commit('', 7)
    expect(commits[1]).toMatchObject({ legacy: undefined, ttlMs: undefined, expiry: undefined })
  })

  it('waits for the one before, and sends what was changed since', async () => {
    let answer: (outcome: CommitOutcome) => void = () => {}
    const first = new Promise<CommitOutcome>((resolve) => {
      answer = resolve
    })
    const { held, commits, data } = openLoaded({ visits: 1 }, { answers: [() => first as never] })
    data.visits = 2
    const one = held.commit('', 7)
    expect(held.isExtended()).toBe(false)
    data.visits = 5
    const two = held.commit('', 7)
    expect(commits).toHaveLength(1)
    // Another had counted one, too.
    answer(['ok', { visits: 3 }])
    await Promise.all([one, two])
    expect(of(commits[1]?.change).added).toEqual({ visits: { by: 3, total: 6 } })
    expect(held.isExtended()).toBe(true)
  })

  it('that was refused may be tried again, and sends the same', async () => {
    const { held, commits, data } = openLoaded({ visits: 1 }, { answers: [new Error('OOM')] })
    data.visits = 2
    await expect(held.commit('', 7)).rejects.toThrow('OOM')
    await held.commit('', 7)
    expect(commits.map(({ change }) => of(change).added.visits)).toEqual(Array(2).fill({ by: 1, total: 2 }))
    const fresh = open(session(), undefined, { answers: [new Error('OOM')] })
    await expect(fresh.held.commit('', 7)).rejects.toThrow('OOM')
    await fresh.held.commit('', 7)
    expect(fresh.commits.map(({ mode }) => mode)).toEqual(['create', 'create'])
  })

  it('whose id is taken changes nothing, and may be tried again', async () => {
    const { held, commits } = open(session(), undefined, { answers: [['exists']] })
    await expect(held.commit('', 7)).rejects.toThrow(SessionExistsError)
    await held.commit('', 7)
    expect(commits.map(({ mode }) => mode)).toEqual(['create', 'create'])
  })

  it('that nobody answered stops all others of its session object', async () => {
    const failure = new Error('no answer from Redis within 5 ms')
    const { held, commits, data } = openLoaded({ visits: 1 }, { answers: [failure] })
    data.visits = 2
    await expect(held.commit('', 7)).rejects.toBe(failure)
    const later = held.commit('', 7)
    await expect(later).rejects.toThrow(OutcomeUnknownError)
    await expect(later).rejects.toMatchObject({
      cause: failure,
      message: expect.stringMatching(/reload\(\)/),
    })
    expect(commits).toHaveLength(1)
    data.visits = 1
    expect(isStored(held)).toBe(false)
    await expect(held.retire(7)).rejects.toThrow(OutcomeUnknownError)
  })

  it('to a session that has ended says so, and so do all others of its object', async () => {
    const { held, told, data } = openLoaded({ user: 'ada' }, { answers: [['gone']] })
    data.user = 'eve'
    await expect(held.commit('', 7)).rejects.toThrow(SessionGoneError)
    await expect(held.commit('', 7)).rejects.toThrow(SessionGoneError)
    expect(told).toEqual(['gone'])
  })

  it('to a session that has ended says nothing if it only took away, or if nobody wants to know', async () => {
    const taking = openLoaded({ user: 'ada' }, { answers: [['gone']] })
    delete taking.data.user
    await taking.held.commit('', 7)
    const ignoring = openLoaded({ user: 'ada' }, { answers: [['gone']], onGone: 'ignore' })
    ignoring.data.user = 'eve'
    await ignoring.held.commit('', 7)
    expect([taking.told, ignoring.told]).toEqual([['gone'], ['gone']])
  })

  it('under an idempotency key that was used has the counters of the first time', async () => {
    const { held, told, data, commits } = openLoaded({ visits: 1 }, { answers: [['dup', { visits: 2 }]] })
    data.visits = 5
    await held.commit('key', 7)
    expect(data.visits).toBe(2)
    expect(told).toEqual(['duplicate'])
    data.visits = 3
    await held.commit('', 7)
    expect(of(commits[1]?.change).added).toEqual({ visits: { by: 1, total: 3 } })
  })

  it('brings what others counted into the session, and tells when it met them', async () => {
    const answers: CommitOutcome[] = [['ok', { visits: 7, clicks: 4 }]]
    const { held, told, data, commits } = openLoaded({ visits: 1, clicks: 3 }, { answers })
    data.visits = 2
    await held.commit('', 7)
    expect(commits[0]?.reads).toEqual(['clicks'])
    expect(data).toMatchObject({ visits: 7, clicks: 4 })
    expect(told).toEqual(['conflict'])
    data.visits = 8
    data.clicks = 6
    await held.commit('', 7)
    expect(of(commits[1]?.change).added).toEqual({
      visits: { by: 1, total: 8 },
      clicks: { by: 2, total: 6 },
    })
    expect(commits[1]?.reads).toEqual([])
  })

  it('meets nobody who counted only beside it', async () => {
    const { held, told, data } = openLoaded(
      { visits: 1, clicks: 3 },
      { answers: [['ok', { visits: 2, clicks: 4 }]] },
    )
    data.visits = 2
    await held.commit('', 7)
    expect(data.clicks).toBe(4)
    expect(told).toEqual([])
  })

  it('asks for no counter that it sets, deletes or adds to, and for none that the session lacks', async () => {
    const { held, commits, data } = openLoaded({ visits: 1 })
    data.visits = 'many'
    await held.commit('', 7)
    expect(commits[0]?.reads).toEqual([])
    const deleting = openLoaded({ visits: 1, clicks: 1 })
    delete deleting.data.visits
    await deleting.held.commit('', 7)
    expect(deleting.commits[0]?.reads).toEqual(['clicks'])
  })

  it('adds to what the session went on to count while it was in flight, not to what is no number', async () => {
    const run: (() => void)[] = []
    const answer = (): CommitOutcome => {
      for (const work of run) work()
      return ['ok', { visits: 10, clicks: 5 }]
    }
    const { held, data } = openLoaded({ visits: 1, clicks: 1 }, { answers: [answer] })
    run.push(() => {
      data.visits = 3
      data.clicks = 'none'
      data.trail = 'none'
    })
    data.visits = 2
    data.trail = [1]
    await held.commit('', 7)
    expect(data).toMatchObject({ visits: 11, clicks: 'none', trail: 'none' })
  })

  it('leaves a list with as many entries as it keeps: the newest', async () => {
    const { held, data } = openLoaded({ trail: ['a', 'b', 'c'] })
    const trail = ['a', 'b', 'c', 'd', 'e']
    data.trail = trail
    await held.commit('', 7)
    expect(data.trail).toBe(trail)
    expect(trail).toEqual(['c', 'd', 'e'])
  })

  it('meets a record of connect-redis that was written in the meantime: with that it is sent again', async () => {
    const legacy = { text: '{"a":1}', fields: fieldsOf({ a: 1 }) }
    const cookie = { ...COOKIE, originalMaxAge: 5_000 }
    const record = loadedAs({ cookie }, { legacy, expiry: undefined, ttlMs: 5_000 })
    const { held, commits, sent, data } = openLoaded({ user: 'ada' }, { answers: [['moved']], record })
    data.user = 'eve'
    await held.commit('', 7)
    expect(sent).toEqual([['load', 'sid', false, 7]])
    expect(commits[0]).toMatchObject({ legacy: undefined, ttlMs: undefined })
    expect(commits[1]).toMatchObject({ legacy, ttlMs: 5_000, expiry: { kind: 'sliding', ms: 5_000 } })
    expect(commits[1]?.change).toBe(commits[0]?.change)
  })

  it('that sets the cookie decides itself how such a record expires', async () => {
    const legacy = { text: '{"a":1}', fields: fieldsOf({ a: 1 }) }
    const record = loadedAs({ cookie: COOKIE }, { legacy, expiry: undefined })
    const { held, commits, data } = openLoaded({}, { answers: [['moved']], record })
    data.cookie = { ...COOKIE, originalMaxAge: 9_000 }
    await held.commit('', 7)
    expect(commits[1]).toMatchObject({ legacy, ttlMs: 9_000, expiry: { kind: 'sliding', ms: 9_000 } })
  })

  it('is sent again if the record has gone by then', async () => {
    const { held, commits, data } = openLoaded({}, { answers: [['moved']] })
    data.user = 'eve'
    await held.commit('', 7)
    expect(commits[1]).toMatchObject({ legacy: undefined, ttlMs: undefined, expiry: undefined })
  })
})

describe('a session that is given a new id', () => {
  it('takes along what others changed, and keeps what its request set, in its own objects', async () => {
    const last = session({ visits: 5, user: 'eve', cart: { b: 1 }, trail: ['x'] })
    const { held, data, sent, told } = openLoaded(
      { visits: 1, user: 'ada', cart: { a: 1 }, old: 1 },
      { last },
    )
    const cart = { c: 1 }
    data.visits = 2
    data.cart = cart
    const { cookie } = data
    await held.retire(7)
    expect(sent).toEqual([['retire', 'sid', 7]])
    expect(data).toEqual({ cookie, visits: 6, user: 'eve', cart: { c: 1 }, trail: ['x'] })
    expect(data.cart).toBe(cart)
    expect(data.cookie).toBe(cookie)
    expect(told).toEqual([])
  })

  it('keeps its own cookie, whatever others made of theirs', async () => {
    const last = { cookie: { ...COOKIE, originalMaxAge: 5 }, user: 'ada' }
    const { held, data } = openLoaded({ user: 'ada' }, { last })
    const { cookie } = data
    await held.retire(7)
    expect(data.cookie).toBe(cookie)
  })

  it('keeps what it has if nobody changed anything: nothing is parsed anew', async () => {
    const { held, data } = openLoaded({ cart: { a: 1 } }, { last: session({ cart: { a: 1 } }) })
    const { cart } = data
    await held.retire(7)
    expect(data.cart).toBe(cart)
  })

  it('and was never stored has nothing to take along', async () => {
    const { held, sent, data } = open(session({ user: 'ada' }), undefined)
    await held.retire(7)
    expect(sent).toEqual([])
    expect(data.user).toBe('ada')
  })

  it('and had ended keeps its content if nobody wants to know', async () => {
    const { held, data, told } = openLoaded({ user: 'ada' }, { onGone: 'ignore' })
    await held.retire(7)
    expect(data.user).toBe('ada')
    expect(told).toEqual(['gone'])
  })

  it('and had ended says so, and holds only what its request set', async () => {
    const { held, data, told } = openLoaded({ user: 'ada' })
    data.more = 1
    await expect(held.retire(7)).rejects.toThrow(SessionGoneError)
    expect(data).toEqual({ cookie: COOKIE, more: 1 })
    expect(told).toEqual(['gone'])
  })

  it('leaves alone what its class has under a name of Redis’', async () => {
    class Session {
      cookie = COOKIE
      save() {}
    }
    const data = new Session()
    const { held } = open(data, loadedAs({ cookie: COOKIE, save: 1 }), {
      last: { cookie: COOKIE, save: 2 },
    })
    await held.commit('', 7)
    await held.retire(7)
    expect(Object.keys(data)).toEqual(['cookie'])
  })
})

it('a key that its object can’t take over is not deleted for that', async () => {
  class Session {
    cookie = COOKIE
    save() {}
  }
  const data = new Session()
  const { held, commits } = open(data, loadedAs({ cookie: COOKIE, save: 1 }))
  Object.assign(data, { user: 'ada' })
  await held.commit('', 7)
  expect(of(commits[0]?.change)).toEqual({ set: { user: '"ada"' }, deleted: [], added: {}, appended: {} })
})

it('another object takes the place of a copy: it is what the session holds', async () => {
  const { held, commits } = openLoaded({ user: 'ada' })
  await held.withData(session({ user: 'eve' }) as unknown as SessionData).commit('', 7)
  expect(of(commits[0]?.change).set).toEqual({ user: '"eve"' })
})

it('what is taken away from a session that has ended is compared with what it was when that was sent', async () => {
  const base: Fields = fieldsOf(session({ notes: ['a', 'b'] }))
  const { held, data } = open(
    session({ notes: ['a', 'b'] }),
    { ...loadedAs({}), base: new Map(base) },
    {
      answers: [['ok', {}], ['gone']],
    },
  )
  data.notes = ['a', 'b', 'c']
  await held.commit('', 7)
  data.notes = ['c']
  await held.commit('', 7)
})
