// What the store tells those who use it: its callbacks, events and traces, for each answer of Redis. The client is connected to
// nothing, and Redis says what each case needs.
import { tracingChannel } from 'node:diagnostics_channel'
import type { Request } from 'express'
import type { Session, SessionData } from 'express-session'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ExactRedisStore,
  type ExactRedisStoreOptions,
  SessionGoneError,
  type StoreTrace,
} from '../../src/store/index.js'
import { COMMIT, DESTROY, KIND, LOAD, RECORD, RETIRE, TOUCH } from '../../src/store/scripts.generated.js'
import { FakeIoredis } from './clients/fake-ioredis.js'
import { load, newSession } from './requests.js'

const SCRIPTS = { COMMIT, DESTROY, KIND, LOAD, RECORD, RETIRE, TOUCH }
const NAMES = new Map<unknown, string>(Object.entries(SCRIPTS).map(([name, { sha }]) => [sha, name]))
const OOM = Object.assign(new Error('OOM command not allowed'), { name: 'ReplyError' })
const HOUR = `${3_600_000}`
const COOKIE = JSON.stringify({ originalMaxAge: null, expires: null, httpOnly: true, path: '/' })
const SESSION = [HOUR, HOUR, '@ttl', HOUR, ':cookie', COOKIE, ':visits', '1'].join('\0')
const EVENTS = [
  'load',
  'commit',
  'touch',
  'destroy',
  'regenerate',
  'retry',
  'conflict',
  'unextended',
  'replaced',
  'gone',
  'duplicate',
] as const

/** @param says what Redis says to each script or command, by its name; one after the other, and the last one again. */
function open(
  says: Readonly<Record<string, readonly unknown[]>> = {},
  options: Partial<ExactRedisStoreOptions> = {},
) {
  const left = new Map(Object.entries(says).map(([name, answers]) => [name, [...answers]]))
  const sent: string[] = []
  const client = new FakeIoredis((command, [sha]) => {
    const name = command === 'evalsha' ? (NAMES.get(sha) ?? 'LEAN') : command
    if (name === 'TIME') return undefined
    sent.push(name)
    const answers = left.get(name) ?? []
    const said = answers.length > 1 ? answers.shift() : answers[0]
    if (said instanceof Error) throw said
    return said
  })
  const store = new ExactRedisStore({
    client: client as unknown as ExactRedisStoreOptions['client'],
    ttl: 3_600,
    counters: ['visits'],
    onGone: 'error',
    ...options,
  })
  const told: unknown[] = []
  for (const event of EVENTS) {
    store.on(event, ((...args: unknown[]) => {
      // How long it took, and how it ended; or what was told.
      const [first, outcome] = args
      told.push(outcome === undefined ? [event, ...args] : [event, outcome, typeof first])
    }) as never)
  }
  return { client, store, sent, told }
}
const done = (outcome: unknown) => JSON.stringify([outcome])

describe('an event', () => {
  it('says how long each operation took, and how it ended', async () => {
    const { store, told } = open({
      LOAD: [SESSION],
      COMMIT: [done(['ok', { visits: 2 }]), done(['gone'])],
      TOUCH: [1],
      DEL: [1, OOM],
      RETIRE: [[':cookie', COOKIE]],
    })
    const session = await load(store, 'sid')
    session.visits += 1
    await store.commit(session)
    session.visits += 1
    await expect(store.commit(session)).rejects.toThrow(SessionGoneError)
    await store.touch('other', { cookie: { originalMaxAge: null } } as SessionData)
    await store.destroy('sid')
    await expect(store.destroy('sid')).rejects.toThrow('OOM')
    expect(told).toEqual([
      ['load', 'ok', 'number'],
      ['commit', 'ok', 'number'],
      ['gone'],
      ['commit', 'gone', 'number'],
      ['touch', 'ok', 'number'],
      ['destroy', 'ok', 'number'],
      ['destroy', 'error', 'number'],
    ])
  })

  it('tells of a repeat, and of nothing if it was none', async () => {
    const { store, told } = open({
      COMMIT: [`${done(['ok', { visits: 2 }])}\0${SESSION}`, `${done(['dup', { visits: 2 }])}\0${SESSION}`],
    })
    const update = () => store.update('sid', { add: { visits: 1 } }, { idempotencyKey: 'k' })
    expect(await update()).toMatchObject({ visits: 2 })
    expect(told).toEqual([['commit', 'ok', 'number']])
    expect(await update()).toMatchObject({ visits: 2 })
    expect(told.slice(1)).toEqual([['commit', 'ok', 'number'], ['duplicate']])
  })

  it('is the only one for an update to a session that has ended, which is null', async () => {
    const { store, told } = open({ COMMIT: [done(['gone'])] })
    expect(await store.update('sid', { add: { visits: 1 } })).toBeNull()
    expect(told).toEqual([['commit', 'ok', 'number']])
  })

  it('tells of others’ visits, of a try, and of what was not extended', async () => {
    const { store, told } = open({
      LOAD: [`${HOUR} READONLY You can't write\0${SESSION.slice(HOUR.length + 1)}`],
      COMMIT: [new Error('Connection is closed.'), done(['ok', { visits: 5 }])],
      TOUCH: ['NOREPLICAS'],
    })
    const session = await load(store, 'sid')
    session.visits += 1
    await store.commit(session)
    await store.touch('other', { cookie: { originalMaxAge: null } } as SessionData)
    expect(told).toEqual([
      ['unextended', "READONLY You can't write"],
      ['load', 'ok', 'number'],
      ['retry', new Error('Connection is closed.')],
      ['conflict'],
      ['commit', 'ok', 'number'],
      ['unextended', 'NOREPLICAS'],
      ['touch', 'ok', 'number'],
    ])
  })

  it('whose listener throws is a warning, and undoes nothing', async () => {
    const { store } = open({ LOAD: [[]] })
    const warned: unknown[] = []
    const note = (warning: Error) => warned.push(warning.message)
    process.on('warning', note)
    store.once('load', () => {
      throw new Error('the listener failed')
    })
    store.once('load', () => {})
    expect(await store.get('sid')).toBeNull()
    const text = () => {
      throw 'a text'
    }
    store.on('load', text)
    expect(await store.get('sid')).toBeNull()
    store.off('load', text)
    expect(await store.get('sid')).toBeNull()
    await expect.poll(() => warned).toEqual(['the listener failed', 'a text'])
    process.off('warning', note)
  })
})

describe('a callback', () => {
  const called = (operation: (callback: (...args: unknown[]) => void) => unknown) =>
    new Promise<unknown[]>((resolve) => operation((...args) => resolve(args)))

  it('gets null and the result, or the error', async () => {
    const { store } = open({ LOAD: [[], OOM], DEL: [1] })
    expect(await called((callback) => store.get('sid', callback))).toEqual([null, null])
    expect(await called((callback) => store.get('sid', callback))).toEqual([
      expect.objectContaining({ code: 'ERR_STORE_REFUSED' }),
    ])
    expect(await called((callback) => store.destroy('sid', callback))).toEqual([null, undefined])
  })

  it('needn’t be one: others hand on more', async () => {
    const { store } = open({ LOAD: [[]], DEL: [OOM] })
    expect(await store.get('sid', { rolling: true } as never)).toBeNull()
    // Nobody waits for it, and the process goes on.
    void store.destroy('sid', {} as never)
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('is called within the call if there is nothing to do', async () => {
    const { store, sent } = open({ LOAD: [SESSION] })
    const session = await load(store, 'sid')
    let calls = 0
    const count = () => {
      calls += 1
    }
    store.set('sid', session, count)
    store.touch('sid', session, count)
    expect(calls).toBe(2)
    expect(sent).toEqual(['LOAD'])
    const still = open({}, { disableTouch: true })
    still.store.touch('any', {} as SessionData, count)
    expect(calls).toBe(3)
    await still.store.touch('any', {} as SessionData)
    expect(still.sent).toEqual([])
  })
})

describe('an id that is none', () => {
  it.each([
    ['', 'an empty text'],
    [undefined, 'undefined'],
    [5, 'number'],
  ])('is refused in words: %j', async (id, found) => {
    const { store, sent } = open()
    await expect(store.destroy(id as string)).rejects.toThrow(
      `destroy: expected the id of a session, found ${found}`,
    )
    expect(await store.get(id as string)).toBeNull()
    expect(sent).toEqual([])
  })
})

describe('a session that is regenerated', () => {
  const regenerate = async (says: Parameters<typeof open>[0], callback = true) => {
    const { store } = open({ LOAD: [SESSION], ...says })
    const session = await load(store, 'sid')
    let generated = 0
    store.generate = () => {
      generated += 1
    }
    const { req } = session as unknown as { req: Request }
    Object.assign(req, { session })
    const error = callback
      ? await new Promise((resolve) => store.regenerate(req, resolve))
      : store.regenerate(req)
    return { error, generated: () => generated }
  }

  it('is a new one', async () => {
    const { error, generated } = await regenerate({ RETIRE: [[':cookie', COOKIE]] })
    expect([error, generated()]).toEqual([null, 1])
  })

  it('is a new one if it had ended, and the callback hears of it', async () => {
    const { error, generated } = await regenerate({ RETIRE: [[]] })
    expect(error).toBeInstanceOf(SessionGoneError)
    expect(generated()).toBe(1)
  })

  it('stays the same if Redis refused, and the callback hears of it', async () => {
    const { error, generated } = await regenerate({ RETIRE: [OOM] })
    expect(error).toMatchObject({ code: 'ERR_STORE_REFUSED' })
    expect(generated()).toBe(0)
  })

  it('needs no callback', async () => {
    const { generated } = await regenerate({ RETIRE: [[':cookie', COOKIE]] }, false)
    await expect.poll(generated).toBe(1)
  })

  it('is destroyed if others made it', async () => {
    const { store, sent, told } = open({ DEL: [1] })
    store.generate = () => {}
    const req = { sessionID: 'sid', session: { a: 1 } } as unknown as Request
    expect(await new Promise((resolve) => store.regenerate(req, resolve))).toBeNull()
    expect(sent).toEqual(['DEL'])
    expect(told).toEqual([['destroy', 'ok', 'number']])
  })
})

describe('what is set', () => {
  const OK = done(['ok', {}])

  it.each([undefined, null, 'text'])('is a session, or refused: %j', async (wrong) => {
    const { store, sent } = open()
    await expect(store.set('sid', wrong as never)).rejects.toThrow('set: expected a session')
    expect(sent).toEqual([])
  })

  it('and was made here is created; if one is there that nobody loaded, it is replaced, and known from then on', async () => {
    const { store, told, sent } = open({ COMMIT: [done(['exists']), OK, done(['ok', { visits: 2 }])] })
    const session = Object.assign(newSession(store, 'sid'), { visits: 1 })
    await store.set('sid', session)
    expect(told).toEqual([['replaced'], ['commit', 'ok', 'number']])
    // It has nothing to do now, and commits only what it changes.
    let calls = 0
    store.set('sid', session, () => {
      calls += 1
    })
    expect([calls, sent.length]).toEqual([1, 2])
    session.visits = 2
    await store.set('sid', session)
    expect(sent).toHaveLength(3)
  })

  it('under another id replaces what is there', async () => {
    const { store, client } = open({ COMMIT: [OK] })
    await store.set('another', newSession(store, 'sid'))
    const [, , , key, args] = client.sent.find(([name]) => name === 'evalsha') ?? []
    expect(key).toBe('sess:another')
    expect((args as string[])[1]).toMatch(/^replace /)
  })

  it('and has expired by its own cookie ends the session', async () => {
    const { store, sent } = open({ DEL: [1] })
    await store.set('sid', { cookie: { originalMaxAge: null, expires: new Date(0) } } as SessionData)
    expect(sent).toEqual(['DEL'])
  })

  it('as plain copies of one load commits what each holds', async () => {
    const { store, client } = open({ LOAD: [SESSION], COMMIT: [OK] })
    const data = (await store.get('sid')) as unknown as Record<string, unknown>
    const copyOf = (more: object) => {
      const copy: Record<string, unknown> = {}
      for (const name in data) copy[name] = data[name]
      return Object.assign(copy, more) as unknown as SessionData
    }
    const [one, other] = [copyOf({ user: 'ada' }), copyOf({ user: 'eve' })]
    for (const copy of [one, other, one]) await store.set('sid', copy)
    const texts = client.sent
      .filter(([name]) => name === 'evalsha')
      .slice(1)
      .map((command) => JSON.stringify(command))
    expect(texts.map((text) => /ada|eve/.exec(text)?.[0])).toEqual(['ada', 'eve', 'ada'])
  })

  it('a session that ends at a fixed time and is left alone is no change', async () => {
    const cookie = JSON.stringify({
      ...JSON.parse(COOKIE),
      expires: new Date(Date.now() + 9_000).toISOString(),
    })
    const { store, sent } = open({ LOAD: [['5000', '', ':cookie', cookie].join('\0')] })
    const data = (await store.get('sid')) as SessionData
    // It is shown as what is left of its life.
    expect(JSON.stringify(data.cookie)).not.toBe(cookie)
    await store.set('sid', data)
    expect(sent).toEqual(['LOAD'])
  })

  it('a session without a cookie that is left alone is no change', async () => {
    const ending = { LOAD: [[HOUR, '', ':a', '1'].join('\0')], TOUCH: [1] }
    const { store, sent } = open(ending, { ttl: () => 3_600 })
    const data = (await store.get('sid')) as object
    await store.set('sid', data as SessionData)
    expect(sent).toEqual(['LOAD', 'TOUCH'])
  })
})

describe('all sessions', () => {
  it('are listed with their ids; what is none, or has ended since, is left out', async () => {
    const { store } = open({
      SCAN: [['0', ['sess:a', 'sess:b', 'sess:c']]],
      LOAD: [SESSION, [], [HOUR, '', 'name', 'x'].join('\0')],
    })
    expect(await store.all()).toEqual([{ id: 'a', cookie: JSON.parse(COOKIE), visits: 1 }])
    const failing = open({ SCAN: [['0', ['sess:a']]], LOAD: [OOM] })
    await expect(failing.store.all()).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
  })

  it('are converted one by one: one that fails is told, and the others go on', async () => {
    const found = (...content: string[]) => ['found', 'v', '1000', content]
    const { store } = open({
      SCAN: [['0', ['sess:a', 'sess:b']]],
      RECORD: [found('[1]'), found('{"a":1}')],
    })
    const converted = []
    for await (const one of store.toConnectRedis()) converted.push(one)
    expect(converted).toMatchObject([
      { id: 'a', outcome: 'failed', error: { code: 'ERR_SESSION_FOREIGN' } },
      { id: 'b', outcome: 'unchanged' },
    ])
    const refused = open({ SCAN: [['0', ['sess:a']]], RECORD: [OOM] })
    const all = (async () => {
      for await (const _ of refused.store.toConnectRedis());
    })()
    await expect(all).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
  })
})

describe('a trace', () => {
  let unsubscribe = () => {}
  afterEach(() => unsubscribe())
  const trace = () => {
    const commands: string[] = []
    const nothing = () => {}
    const ends = (['load', 'commit', 'touch', 'destroy', 'regenerate'] as const).map((name) => {
      const channel = tracingChannel<unknown, StoreTrace>(`exact-sessions:${name}`)
      const start = ({ attributes }: StoreTrace) => {
        const { 'db.operation.name': command, 'db.stored_procedure.name': script } = attributes
        commands.push([command, script].filter(Boolean).join(' '))
      }
      const listeners = {
        start,
        end: nothing,
        asyncStart: nothing,
        asyncEnd: nothing,
        error: nothing,
      } as never
      channel.subscribe(listeners)
      return () => channel.unsubscribe(listeners)
    })
    unsubscribe = () => {
      for (const end of ends) end()
    }
    return commands
  }

  it('names the command of each operation, also soon after a load', async () => {
    const commands = trace()
    const { store } = open({
      LOAD: [SESSION],
      HGETALL: [['@ttl', HOUR, ':cookie', COOKIE, ':visits', '1']],
      COMMIT: [done(['ok', { visits: 2 }])],
      TOUCH: [1],
      DEL: [1],
      RETIRE: [[':cookie', COOKIE]],
    })
    await store.get('sid')
    const session = await load(store, 'sid')
    session.visits += 1
    await store.commit(session)
    await store.touch('sid', { cookie: { originalMaxAge: null } } as SessionData)
    store.generate = () => {}
    const { req } = session as unknown as { req: Request }
    Object.assign(req, { session: session as Session })
    await new Promise((resolve) => store.regenerate(req, resolve))
    await store.destroy('sid')
    expect(commands).toEqual([
      'EVALSHA load',
      'HGETALL',
      'EVALSHA commit',
      'EVALSHA touch',
      'EVALSHA regenerate',
      'DEL',
    ])
  })

  it('names the script of a destroy that replicas confirm', async () => {
    const commands = trace()
    const { store } = open({ DESTROY: [1], WAIT: [1] }, { durability: { replicas: 1 } })
    await store.destroy('sid')
    expect(commands).toEqual(['EVALSHA destroy'])
  })
})
