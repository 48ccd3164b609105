import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import express from 'express'
import session, { type SessionData, Store } from 'express-session'
import fastify from 'fastify'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'
import { type AnySession, load, newSession } from './requests.js'

const { client } = await useRedis()

const open = (onGone: 'ignore' | 'error' = 'error') =>
  new ExactRedisStore({ client, counters: ['visits'], cappedLists: { trail: 20 }, onGone })
const data = (contents: object) =>
  ({ cookie: { originalMaxAge: null }, ...contents }) as unknown as SessionData
const cookieOf = (response: request.Response) => String(response.get('Set-Cookie')?.[0]).split(';')[0] ?? ''

/** A store around another, as apps write it to log or to measure. */
class Decorated extends Store {
  readonly inner: ExactRedisStore

  constructor(inner: ExactRedisStore) {
    super()
    this.inner = inner
  }

  override get(sid: string, callback: (error: unknown, data?: SessionData | null) => void): void {
    void this.inner.get(sid, callback)
  }

  override set(sid: string, changed: SessionData, callback?: (error?: unknown) => void): void {
    void this.inner.set(sid, changed, callback)
  }

  override destroy(sid: string, callback?: (error?: unknown) => void): void {
    void this.inner.destroy(sid, callback)
  }

  override touch(sid: string, held: SessionData, callback?: () => void): void {
    void this.inner.touch(sid, held, callback)
  }
}

function counter(store: Store) {
  const app = express()
  app.use(session({ store, secret: 'test', resave: false, saveUninitialized: false }))
  const count = (req: express.Request) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    req.session.trail = [...(req.session.trail ?? []), 'now']
  }
  app.get('/', (req, res, next) => {
    count(req)
    req.session.save((error) => (error ? next(error) : res.json(req.session.visits)))
  })
  app.get('/auto', (req, res) => {
    count(req)
    res.json(req.session.visits)
  })
  app.get('/keys', (req, res) => {
    res.json(JSON.parse(JSON.stringify(req.session)))
  })
  return app
}

describe('behind a decorator that knows nothing of createSession', () => {
  it.each(['/', '/auto'])('each of many visits at once is counted: %s', async (path) => {
    const app = counter(new Decorated(open()))
    const cookie = cookieOf(await request(app).get('/').expect(200, '1'))
    const listening = app.listen(0)
    await Promise.all(
      Array.from({ length: 30 }, () => request(listening).get(path).set('Cookie', cookie).expect(200)),
    )
    listening.close()
    const { body } = await request(app).get('/keys').set('Cookie', cookie)
    expect(body).toEqual({ cookie: expect.anything(), visits: 31, trail: Array(20).fill('now') })
    expect(Object.keys(await client.hgetall((await client.keys('sess:*'))[0] ?? ''))).not.toContain(
      ':exactSession',
    )
  })

  it('a session whose copy tells nothing is replaced, and the store says so', async () => {
    class Cloning extends Decorated {
      override get(sid: string, callback: (error: unknown, data?: SessionData | null) => void): void {
        super.get(sid, (error, found) => callback(error, JSON.parse(JSON.stringify(found ?? null))))
      }
    }
    const store = open()
    let replaced = 0
    store.on('replaced', () => {
      replaced += 1
    })
    const app = counter(new Cloning(store))
    const cookie = cookieOf(await request(app).get('/').expect(200, '1'))
    await request(app).get('/').set('Cookie', cookie).expect(200, '2')
    await request(app).get('/auto').set('Cookie', cookie).expect(200, '3')
    expect(replaced).toBe(2)
    expect(await store.all()).toMatchObject([{ visits: 3 }])
  })
})

describe('plain copies of what was loaded (koa-session)', () => {
  /** As koa-session's contexts do. */
  const copyOf = (found: object) => {
    const copy: Record<string, unknown> = {}
    for (const key in found) copy[key] = found[key as keyof typeof found]
    return copy as unknown as SessionData & { visits: number; name?: string }
  }

  it('commit what they changed, one after the other and at once', async () => {
    const store = open()
    await store.set('sid', data({ visits: 0, name: 'ada' }))
    const [one, other] = [copyOf((await store.get('sid')) ?? {}), copyOf((await store.get('sid')) ?? {})]
    one.visits += 1
    delete one.name
    other.visits += 1
    await Promise.all([store.set('sid', copyOf(one)), store.set('sid', copyOf(other))])
    const more = copyOf(one)
    more.visits += 1
    await store.set('sid', more)
    expect(await store.get('sid')).toMatchObject({ visits: 3 })
    expect(await store.get('sid')).not.toHaveProperty('name')
  })

  it('bring no destroyed session back', async () => {
    const store = open('ignore')
    await store.set('sid', data({ visits: 0 }))
    const slow = copyOf((await store.get('sid')) ?? {})
    await store.destroy('sid')
    slow.visits += 1
    await store.set('sid', slow)
    expect(await client.keys('*')).toEqual([])
  })

  it('are given more arguments than express-session gives', async () => {
    const store = open()
    const call = (
      method: 'get' | 'set' | 'touch' | 'destroy' | 'ids' | 'all' | 'length' | 'clear',
      args: unknown[],
    ) => Reflect.apply(store[method], store, args) as Promise<unknown>
    await call('set', ['sid', data({ visits: 1 }), 60_000, { changed: true }])
    expect(await call('get', ['sid', 60_000, { rolling: true }])).toMatchObject({ visits: 1 })
    await call('touch', ['sid', data({}), {}])
    await call('touch', ['sid', null])
    expect(await call('ids', [{}])).toEqual(['sid'])
    expect(await call('all', [1])).toHaveLength(1)
    expect(await call('length', [null])).toBe(1)
    await call('destroy', ['sid', {}])
    await call('clear', ['now'])
    expect(await client.keys('*')).toEqual([])
    await expect(call('set', ['sid', null])).rejects.toThrow('set: expected a session')
  })
})

describe('@fastify/session', () => {
  it('counts each of many at once, keeps what was deleted so, and brings no session back', async () => {
    const store = open()
    const app = fastify()
    await app.register(fastifyCookie)
    await app.register(fastifySession, {
      store: store as never,
      secret: 'a secret of thirty-two characters',
      cookie: { secure: false },
      saveUninitialized: false,
    })
    type Held = {
      visits?: number
      name?: string | undefined
      save(): Promise<void>
      destroy(): Promise<void>
    }
    const held = (req: { session: unknown }) => req.session as Held
    app.get('/', async (req) => {
      const own = held(req)
      own.visits = (own.visits ?? 0) + 1
      await own.save()
      return own.visits
    })
    app.get('/auto', async (req) => {
      held(req).visits = (held(req).visits ?? 0) + 1
      return held(req).visits
    })
    app.get('/name', async (req) => {
      held(req).name = 'ada'
      return 'ok'
    })
    app.get('/rename', async (req) => {
      delete held(req).name
      return 'ok'
    })
    app.get('/logout', async (req) => {
      await held(req).destroy()
      return 'bye'
    })
    const get = (url: string, cookie = '') => app.inject({ url, headers: { cookie } })
    const first = await get('/')
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
    await get('/name', cookie)
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, i) => get(i % 3 ? '/' : i % 2 ? '/auto' : '/rename', cookie)),
    )
    expect(all.map(({ statusCode }) => statusCode)).toEqual(Array(30).fill(200))
    const visits =
      1 + Array.from({ length: 30 }, (_, i) => (i % 3 || i % 2 ? 1 : 0)).reduce<number>((a, b) => a + b, 0)
    await expect.poll(async () => (await store.all())[0]).toMatchObject({ visits })
    expect((await store.all())[0]).not.toHaveProperty('name')
    await Promise.all([get('/', cookie), get('/logout', cookie), get('/auto', cookie)])
    await app.close()
    expect(await client.keys('*')).toEqual([])
  })
})

describe("a session that is set under another's id", () => {
  it('replaces that one: what it was loaded as belongs to its own', async () => {
    const store = open()
    await store.set('mine', data({ visits: 5, name: 'me' }))
    await store.set('theirs', data({ visits: 1, name: 'they', secret: 1 }))
    const mine = await load(store, 'mine')
    mine.visits += 1
    await store.set('theirs', mine)
    expect(await store.get('theirs')).toMatchObject({ visits: 6, name: 'me' })
    expect(await store.get('theirs')).not.toHaveProperty('secret')
    await store.commit(mine)
    expect(await store.get('mine')).toMatchObject({ visits: 6, name: 'me' })
    const copy = { ...(await store.get('mine')), visits: 9 } as unknown as SessionData
    await store.set('theirs', copy)
    expect(await store.get('theirs')).toMatchObject({ visits: 9 })
  })
})

describe('a store that is used through another object', () => {
  it.each([
    ['Object.create', (store: ExactRedisStore) => Object.create(store) as ExactRedisStore],
    ['a Proxy', (store: ExactRedisStore) => new Proxy(store, {})],
  ])('works: %s', async (_name, wrap) => {
    const store = wrap(open())
    await store.commit(Object.assign(newSession(store, 'sid'), { visits: 1 }) as AnySession)
    await store.update('sid', { add: { visits: 1 } })
    const app = counter(store)
    const cookie = cookieOf(await request(app).get('/').expect(200, '1'))
    await request(app).get('/').set('Cookie', cookie).expect(200, '2')
    expect(await store.length()).toBe(2)
    await store.clear()
  })

  it('shows what connect-redis shows', () => {
    const store = new ExactRedisStore({ client, prefix: 'app:', ttl: 60 })
    expect(store).toMatchObject({ prefix: 'app:', ttl: 60 })
    expect(store.client).toBe(client)
  })
})
