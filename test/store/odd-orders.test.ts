// One session object, used in orders that nobody planned: nothing waits for the operation before it.
import type { Request } from 'express'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'
import { type AnySession, load, newSession } from './requests.js'

const { client } = await useRedis()

function open(options: object = {}): ExactRedisStore {
  const store = new ExactRedisStore({ client, counters: ['visits'], onGone: 'error', ...options })
  // As express-session's middleware sets it.
  store.generate = (req) => {
    req.sessionID = `${req.sessionID}-new`
    req.session = newSession(store, req.sessionID)
  }
  return store
}

const save = (session: AnySession) =>
  new Promise<void>((resolve, reject) => session.save((error) => (error ? reject(error) : resolve())))

/** Gives the request of a session a new id, as `req.session.regenerate` does. */
function regenerate(store: ExactRedisStore, session: AnySession): Promise<AnySession> {
  const req = { sessionID: session.id, sessionStore: store, session } as unknown as Request
  return new Promise((resolve, reject) =>
    store.regenerate(req, (error) => (error ? reject(error) : resolve(req.session as AnySession))),
  )
}

async function stored(store: ExactRedisStore, sid: string, contents: object): Promise<void> {
  await save(Object.assign(newSession(store, sid), contents))
}

describe.each(['hash', 'connect-redis'] as const)('a session in the form %s', (format) => {
  it('counts once that is saved, and takes a new id before that has ended', async () => {
    const store = open({ format })
    await stored(store, 'sid', { visits: 1 })
    const session = await load(store, 'sid')
    session.visits += 1
    const saved = save(session)
    await regenerate(store, session)
    await saved
    expect(session.visits).toBe(2)
  })

  it('that is new leaves nothing under its old id, if it takes another before it was stored', async () => {
    const store = open({ format })
    const session = Object.assign(newSession(store, 'sid'), { visits: 1 }) as AnySession
    const saved = save(session)
    await regenerate(store, session)
    await saved
    expect(await client.exists('sess:sid')).toBe(0)
  })

  it.each(['knows', 'does not know'])(
    'that is new is destroyed for good before it was stored, though Redis %s its script',
    async (knows) => {
      const store = open({ format })
      await stored(store, 'other', { visits: 1 })
      if (knows === 'does not know') await client.script('FLUSH')
      const session = Object.assign(newSession(store, 'sid'), { visits: 1 }) as AnySession
      const saved = save(session)
      await store.destroy('sid')
      await saved
      expect(await client.exists('sess:sid')).toBe(0)
    },
  )

  it('counts once that is touched with another cookie before its commit has ended', async () => {
    const store = open({ format })
    await stored(store, 'sid', { visits: 1 })
    const session = await load(store, 'sid')
    session.visits += 1
    session.cookie.maxAge = 1_000_000
    // express-session computes it from the clock.
    const { originalMaxAge } = session.cookie
    await Promise.all([save(session), store.touch('sid', session)])
    session.user = 'anna'
    await save(session)
    expect(session.visits).toBe(2)
    expect(await store.get('sid')).toMatchObject({ visits: 2, cookie: { originalMaxAge } })
  })

  it('is what it was made into last, even if that is what it was at first', async () => {
    const store = open({ format })
    await stored(store, 'sid', { user: 'anna' })
    const session = await load(store, 'sid')
    session.user = 'bert'
    const saved = save(session)
    session.user = 'anna'
    await Promise.all([saved, save(session)])
    expect(await store.get('sid')).toMatchObject({ user: 'anna' })
  })

  it('that the store did not load is ended when it takes a new id', async () => {
    const store = open({ format })
    await stored(store, 'sid', { visits: 1 })
    const copy = Object.assign(newSession(store, 'sid'), JSON.parse(JSON.stringify(await store.get('sid'))))
    await regenerate(store, copy)
    expect(await client.exists('sess:sid')).toBe(0)

    await stored(store, 'sid', { visits: 1 })
    const tagged = newSession(store, 'sid')
    const data = (await store.get('sid')) as unknown as Record<string, unknown>
    for (const key in data) if (!(key in tagged)) tagged[key] = data[key]
    await save(Object.assign(await load(store, 'sid'), { user: 'anna' }))
    await regenerate(store, tagged)
    expect(tagged).toMatchObject({ visits: 1, user: 'anna' })
    expect(await client.exists('sess:sid')).toBe(0)
  })
})

it('a session whose last commit got no answer takes no new id: what it counted would count twice', async () => {
  const patient = open()
  for (const sid of ['sid', 'other']) await stored(patient, sid, { visits: 1 })
  const store = open({ deadlineMs: 300 })
  // Redis knows its scripts from then on: a script that it doesn't know is not sent again after the deadline.
  for (let visits = 2; visits < 5; visits += 1)
    await save(Object.assign(await load(store, 'other'), { visits }))
  const session = await load(store, 'sid')
  session.visits += 1
  await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE')
  await expect(save(session)).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
  await expect(regenerate(store, session)).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
  const other = client.duplicate()
  await other.call('CLIENT', 'UNPAUSE')
  other.disconnect()
  expect(await patient.update('sid', { add: { visits: 1 } })).toMatchObject({ visits: 3 })
})

describe('nobody who gives no callback ends the process:', () => {
  it('what is refused is told by the promise and by an event', async () => {
    const store = open()
    const ended: string[] = []
    for (const event of ['commit', 'touch', 'destroy'] as const)
      store.on(event, (_ms, outcome) => ended.push(`${event} ${outcome}`))
    const session = newSession(store, 'sid', { maxAge: 1_000_000 })
    await save(session)
    await client.call('ACL', 'SETUSER', 'default', '-del', '-evalsha', '-eval')
    try {
      session.destroy(undefined as never)
      void store.destroy('sid')
      void store.set('sid', { cookie: { originalMaxAge: null } } as never)
      void store.touch('sid', { cookie: { originalMaxAge: null } } as never)
      await expect(store.destroy('sid')).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
    } finally {
      await client.call('ACL', 'SETUSER', 'default', '+@all')
    }
    expect(ended.sort()).toEqual([
      'commit error',
      'commit ok',
      'destroy error',
      'destroy error',
      'destroy error',
      'touch error',
    ])
  })

  it('a new id is given all the same', async () => {
    const store = open()
    const session = newSession(store, 'sid')
    const req = session.req as unknown as Request
    const given = new Promise<void>((resolve) => {
      const { generate } = store
      store.generate = (asking) => {
        generate(asking)
        resolve()
      }
    })
    session.regenerate(undefined as never)
    await given
    expect(req.sessionID).toBe('sid-new')
  })
})

it('a listener that throws is a warning of the process, and changes no outcome', async () => {
  const store = open()
  for (const event of ['load', 'commit', 'conflict', 'duplicate', 'gone', 'destroy'] as const) {
    store.on(event, () => {
      throw new Error(`listener of ${event}`)
    })
  }
  const warnings: string[] = []
  const onWarning = ({ message }: Error) => warnings.push(message)
  process.on('warning', onWarning)
  await stored(store, 'sid', { visits: 1 })
  const [one, two] = [await load(store, 'sid'), await load(store, 'sid')]
  for (const session of [one, two]) session.visits += 1
  await Promise.all([save(one), save(two)])
  await store.commit(one, { idempotencyKey: 'key' })
  await store.commit(one, { idempotencyKey: 'key' })
  expect(one.visits).toBe(3)
  await store.destroy('sid')
  one.visits += 1
  await expect(save(one)).rejects.toMatchObject({ code: 'ERR_SESSION_GONE' })
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', onWarning)
  expect(new Set(warnings)).toEqual(
    new Set(
      ['load', 'commit', 'conflict', 'duplicate', 'gone', 'destroy'].map((event) => `listener of ${event}`),
    ),
  )
})
