// What express-session's and @fastify/session's own tests expect of a store, written again: each expectation holds for the memory
// store, so that it is right, and for this one, whatever its client.
import { createServer, type RequestListener, type Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import type { Request, Response } from 'express'
import session, { type SessionOptions, type Store } from 'express-session'
import Fastify, { type FastifyRequest } from 'fastify'
import request from 'supertest'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { CLIENTS, type Connected, standalone } from '../support/clients.js'
import { RedisServer } from '../support/redis-server.js'

interface AnyData {
  [key: string]: unknown
}
type Handler = (req: Request & { session: AnyData & Request['session'] }, res: Response) => unknown

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())

const servers: Server[] = []
const connected: Connected[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  for (const { end } of connected.splice(0)) end()
})

let stores = 0
const exact = (name: keyof typeof CLIENTS) => () => {
  const made = CLIENTS[name](standalone(redis.port))
  connected.push(made)
  stores += 1
  return new ExactRedisStore({ client: made.client, prefix: `conformance${stores}:` })
}

/** A server without Express, as express-session's own tests have it. */
const serve = (options: Partial<SessionOptions>, handler: Handler): Server => {
  const sessions = session({ secret: 'test', resave: false, saveUninitialized: true, ...options })
  const listener = ((req: Request, res: Response) =>
    sessions(req, res, (error: unknown) => {
      if (!error) return handler(req as never, res)
      res.statusCode = 500
      res.end((error as Error).message)
    })) as unknown as RequestListener
  const server = createServer(listener)
  servers.push(server)
  return server
}
const get = (server: Server, cookie = '', path = '/') => request(server).get(path).set('Cookie', cookie)
const setCookie = (response: request.Response) => response.get('Set-Cookie')?.[0] ?? ''
const cookieOf = (response: request.Response) => setCookie(response).split(';')[0] ?? ''
const expiresOf = (response: request.Response) => /Expires=([^;]+)/.exec(setCookie(response))?.[1]
const idOf = (cookie: string) =>
  decodeURIComponent(cookie.split('=')[1] ?? '')
    .slice(2)
    .split('.')[0] ?? ''
const ended = (work: (done: (error?: unknown, result?: never) => void) => void) =>
  new Promise<unknown>((resolve, reject) =>
    work((error, result) => (error ? reject(error) : resolve(result))),
  )
const stored = (store: Store, cookie: string) =>
  ended((done) => store.get(idOf(cookie), done as never)) as Promise<AnyData | null | undefined>
const count = (store: Store) => ended((done) => store.length?.(done as never)) as Promise<number>
// A cookie tells whole seconds, and this store extends a session once in a hundredth of its time.
const moreThanASecond = () => pause(1_100)

const counting: Handler = (req, res) => {
  req.session.count = Number(req.session.count ?? 0) + 1
  res.end(String(req.session.count))
}

describe.each<[string, () => Store]>([
  ['its own MemoryStore', () => new session.MemoryStore()],
  ['the exact store (ioredis 6)', exact('ioredis 6')],
  ['the exact store (node-redis 6)', exact('node-redis 6')],
])('express-session with %s', (_name, open) => {
  it('makes a session, and loads it by its cookie', async () => {
    const store = open()
    const server = serve({ store }, counting)
    const first = await get(server).expect(200, '1')
    await get(server, cookieOf(first)).expect(200, '2')
    expect(await count(store)).toBe(1)
    await get(server).expect(200, '1')
    expect(await count(store)).toBe(2)
  })

  it.each<[string, string[], Record<string, string>]>([
    ['an empty answer', [''], { 'Content-Length': '0' }],
    ['one in pieces', ['o', 'k'], { 'Content-Length': '2' }],
    ['one without a length', ['o', 'k'], {}],
    ['one that is ended twice', ['ok', ''], {}],
  ])('has stored the session once its answer is complete: %s', async (_what, pieces, headers) => {
    const store = open()
    const server = serve({ store }, (req, res) => {
      req.session.hit = true
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
      if (pieces[1]) res.write(pieces[0])
      res.end(pieces[1] || pieces[0])
      if (pieces[1] === '') res.end()
    })
    expect(await stored(store, cookieOf(await get(server).expect(200)))).toMatchObject({ hit: true })
  })

  it('takes what is stored under a reserved name for data', async () => {
    const store = open()
    const server = serve({ store }, counting)
    const cookie = cookieOf(await get(server))
    const data = (await stored(store, cookie)) as never
    await ended((done) => store.set(idOf(cookie), Object.assign(data, { save: 'nope' }), done))
    await get(server, cookie).expect(200, '2')
  })

  it('shows a session its data and its cookie, and no method', async () => {
    const server = serve({ store: open() }, (req, res) => {
      req.session.a = 1
      const inherited: string[] = []
      for (const key in req.session) inherited.push(key)
      res.end(`${Object.keys(req.session).sort()} ${inherited.sort()}`)
    })
    const cookie = cookieOf(await get(server).expect(200, 'a,cookie a,cookie'))
    await get(server, cookie).expect(200, 'a,cookie a,cookie')
  })

  it('makes a new one, with a new id, for a session that was cleared away', async () => {
    const store = open()
    const server = serve({ store }, counting)
    const cookie = cookieOf(await get(server))
    await ended((done) => store.clear?.(done))
    const again = await get(server, cookie).expect(200, '1')
    expect(idOf(cookieOf(again))).not.toBe(idOf(cookie))
  })

  it('makes a new one for a session that has expired', async () => {
    const server = serve({ store: open(), cookie: { maxAge: 30 } }, counting)
    const cookie = cookieOf(await get(server).expect(200, '1'))
    await pause(60)
    const again = await get(server, cookie).expect(200, '1')
    expect(idOf(cookieOf(again))).not.toBe(idOf(cookie))
  })

  it('does not ask the store for a cookie that is not signed', async () => {
    const server = serve({ store: open() }, counting)
    const cookie = cookieOf(await get(server))
    await get(server, `connect.sid=${idOf(cookie)}`).expect(200, '1')
  })

  it('extends what it uses: the cookie in the answer and the one in the store', async () => {
    const store = open()
    const server = serve({ store, rolling: true, cookie: { maxAge: 60_000 } }, counting)
    const first = await get(server)
    const cookie = cookieOf(first)
    const before = (await stored(store, cookie)) as { cookie: { expires: string } }
    // A cookie tells whole seconds.
    const told = Date.parse(expiresOf(first) ?? '')
    const held = new Date(before.cookie.expires).getTime()
    expect(held).toBeGreaterThanOrEqual(told)
    expect(held).toBeLessThanOrEqual(Date.now() + 60_000)
    await moreThanASecond()
    expect(expiresOf(await get(server, cookie))).not.toBe(expiresOf(first))
    const after = (await stored(store, cookie)) as { cookie: { expires: string } }
    expect(new Date(after.cookie.expires).getTime()).toBeGreaterThan(
      new Date(before.cookie.expires).getTime() + 500,
    )
  })

  it('extends what a request only looked at', async () => {
    const store = open()
    const options = { store, resave: false, cookie: { maxAge: 60_000 } }
    const server = serve(options, (req, res) => {
      req.session.made ??= true
      res.end()
    })
    const cookie = cookieOf(await get(server))
    const endOf = async () => {
      const found = (await stored(store, cookie)) as { made: boolean; cookie: { expires: string } }
      expect(found.made).toBe(true)
      return new Date(found.cookie.expires).getTime()
    }
    const before = await endOf()
    await moreThanASecond()
    await get(server, cookie).expect(200)
    expect(await endOf()).toBeGreaterThan(before + 500)
  })

  it('keeps the maxAge that a session was given', async () => {
    const server = serve({ store: open(), cookie: { maxAge: 2_000 } }, (req, res) =>
      res.end(String(req.session.cookie.originalMaxAge)),
    )
    const first = await get(server).expect(200)
    const again = await get(server, cookieOf(first)).expect(200)
    for (const { text } of [first, again]) {
      // Some milliseconds may pass while express-session sets it.
      expect(Number(text)).toBeLessThanOrEqual(2_000)
      expect(Number(text)).toBeGreaterThan(1_000)
    }
  })

  it('stores nothing of a request that leaves a new session alone, if that is wanted', async () => {
    const store = open()
    const server = serve({ store, saveUninitialized: false }, (_req, res) => res.end())
    expect((await get(server)).get('Set-Cookie')).toBeUndefined()
    expect(await count(store)).toBe(0)
    const always = serve({ store, saveUninitialized: true }, (_req, res) => res.end())
    expect((await get(always)).get('Set-Cookie')).toBeDefined()
    expect(await count(store)).toBe(1)
  })

  it('sets the cookie only of a changed session', async () => {
    const server = serve({ store: open() }, (req, res) => {
      if (req.url === '/') req.session.count = Number(req.session.count ?? 0) + 1
      res.end(String(req.session.count))
    })
    const cookie = cookieOf(await get(server).expect(200, '1'))
    const looked = await get(server, cookie, '/look').expect(200, '1')
    expect(looked.get('Set-Cookie')).toBeUndefined()
    await get(server, cookie).expect(200, '2')
  })

  it('stores nested data, a key called cookie in it included', async () => {
    const server = serve({ store: open(), resave: false }, (req, res) => {
      const user = (req.session.user ?? { name: 'bob', cookie: 0 }) as { cookie: number }
      user.cookie += 1
      req.session.user = user
      res.end(JSON.stringify(user))
    })
    const cookie = cookieOf(await get(server).expect(200, '{"name":"bob","cookie":1}'))
    await get(server, cookie).expect(200, '{"name":"bob","cookie":2}')
    await get(server, cookie).expect(200, '{"name":"bob","cookie":3}')
  })

  it.each([
    ['keep', 1],
    ['destroy', 0],
  ] as const)('on req.session = null with unset: %s has %i session', async (unset, left) => {
    const store = open()
    const server = serve({ store, unset }, (req, res) => {
      if (req.url === '/') req.session.hit = true
      else Reflect.set(req, 'session', null)
      res.end()
    })
    const cookie = cookieOf(await get(server))
    await get(server, cookie, '/unset').expect(200)
    expect(await count(store)).toBe(left)
  })

  it('destroys: the request has no session any more, the browser starts again', async () => {
    const store = open()
    const server = serve({ store }, (req, res) => {
      if (req.url !== '/destroy') return counting(req, res)
      req.session.destroy((error) => res.end(`${error ?? 'gone'} ${req.session}`))
    })
    const cookie = cookieOf(await get(server))
    await get(server, cookie, '/destroy').expect(200, /^(null|gone) undefined$/)
    expect(await count(store)).toBe(0)
    await get(server, cookie).expect(200, '1')
  })

  it('regenerates: a new id, an empty session, the old one gone', async () => {
    const store = open()
    const server = serve({ store }, (req, res) => {
      if (req.url !== '/new') return counting(req, res)
      const { id } = req.session
      req.session.regenerate((error) => res.end(`${!error} ${req.session.id === id} ${req.session.count}`))
    })
    const cookie = cookieOf(await get(server))
    const renewed = await get(server, cookie, '/new').expect(200, 'true false undefined')
    expect(await stored(store, cookie)).toBeFalsy()
    expect(await stored(store, cookieOf(renewed))).toBeTruthy()
  })

  it('reloads what another request stored, and says so if it has ended', async () => {
    const store = open()
    const server = serve({ store }, async (req, res) => {
      if (req.url === '/') return counting(req, res)
      const cookie = req.headers.cookie ?? ''
      if (req.url === '/other') await get(server, cookie)
      else await ended((done) => store.clear?.(done))
      req.session.reload((error) => res.end(error ? (error as Error).message : String(req.session.count)))
    })
    const cookie = cookieOf(await get(server))
    await get(server, cookie, '/other').expect(200, '2')
    await get(server, cookie, '/ended').expect(200, 'failed to load session')
  })

  it('saves when it is told to, and once', async () => {
    const store = open()
    let sets = 0
    const set = store.set.bind(store)
    store.set = (id, data, done) => {
      sets += 1
      set(id, data, done)
    }
    const server = serve({ store, saveUninitialized: false }, (req, res) => {
      req.session.hit = true
      req.session.save(async () => {
        const found = await ended((done) => store.get(req.session.id, done as never))
        res.end(found ? 'stored' : 'empty')
      })
    })
    const cookie = cookieOf(await get(server).expect(200, 'stored'))
    await get(server, cookie).expect(200, 'stored')
    expect(sets).toBe(2)
  })

  it('has no session while its store says that it is disconnected', async () => {
    const store = open()
    const server = serve({ store }, (req, res) => res.end(typeof req.session))
    store.emit('disconnect')
    await get(server).expect(200, 'undefined')
    store.emit('connect')
    await get(server).expect(200, 'object')
  })

  it('lists and loads sessions', async () => {
    const store = open()
    const server = serve({ store }, counting)
    const cookie = cookieOf(await get(server))
    await get(server)
    const all = await ended((done) => store.all?.(done as never))
    expect(Object.keys(all as object)).toHaveLength(2)
    const loaded = await ended((done) => store.load(idOf(cookie), done as never))
    expect(loaded).toMatchObject({ count: 1 })
  })
})

describe.each<[string, () => Store]>([
  ['its own MemoryStore', () => new fastifySession.MemoryStore() as unknown as Store],
  ['the exact store (ioredis 6)', exact('ioredis 6')],
  ['the exact store (node-redis 6)', exact('node-redis 6')],
])('@fastify/session with %s', (_name, open) => {
  type Asked = FastifyRequest & { session: FastifyRequest['session'] & AnyData }
  const start = async (options: object, paths: Record<string, (request: Asked) => unknown>) => {
    const app = Fastify()
    const secret = 'a secret with a minimum of 32 characters'
    await app.register(fastifyCookie)
    await app.register(fastifySession, { secret, cookie: { secure: false }, ...options })
    for (const [path, handler] of Object.entries(paths))
      app.get(path, async (asked) => ({ is: await handler(asked as Asked) }))
    await app.ready()
    return async (url: string, cookie = '') => {
      const response = await app.inject({ url, headers: { cookie } })
      const set = String(response.headers['set-cookie'] ?? '').split(';')[0] ?? ''
      return { set, status: response.statusCode, is: response.json().is as unknown }
    }
  }
  const countIt = (asked: Asked) => {
    asked.session.count = Number(asked.session.count ?? 0) + 1
    return asked.session.count
  }
  const idOf = (cookie: string) => decodeURIComponent(cookie.split('=')[1] ?? '').split('.')[0] ?? ''

  it('makes, loads and changes a session', async () => {
    const ask = await start({ store: open() }, { '/': countIt })
    const { set, is } = await ask('/')
    expect(is).toBe(1)
    expect((await ask('/', set)).is).toBe(2)
    expect((await ask('/', set)).is).toBe(3)
    expect((await ask('/')).is).toBe(1)
  })

  it('stores nothing of a session that was left alone, if that is wanted', async () => {
    const store = open()
    const ask = await start({ store, saveUninitialized: false }, { '/': () => 'looked' })
    expect((await ask('/')).set).toBe('')
  })

  it('gives a cookie that nobody knows a new session', async () => {
    const ask = await start({ store: open() }, { '/': countIt })
    const { set } = await ask('/', 'sessionId=abc.def')
    expect(set).not.toContain('abc')
    expect((await ask('/', set)).is).toBe(2)
  })

  it('gives a session that has expired a new one', async () => {
    const ask = await start({ store: open(), cookie: { secure: false, maxAge: 30 } }, { '/': countIt })
    const { set } = await ask('/')
    await pause(60)
    const again = await ask('/', set)
    expect(again.is).toBe(1)
    expect(idOf(again.set)).not.toBe(idOf(set))
  })

  it('destroys', async () => {
    const ask = await start(
      { store: open() },
      { '/': countIt, '/destroy': (asked) => asked.session.destroy().then(() => 'gone') },
    )
    const { set } = await ask('/')
    expect((await ask('/destroy', set)).is).toBe('gone')
    expect((await ask('/', set)).is).toBe(1)
  })

  it('regenerates, with the keys that it is told to keep', async () => {
    const ask = await start(
      { store: open() },
      {
        '/': countIt,
        '/new': (asked) => asked.session.regenerate().then(() => asked.session.count ?? 'none'),
        '/kept': (asked) => asked.session.regenerate(['count']).then(() => asked.session.count ?? 'none'),
      },
    )
    const { set } = await ask('/')
    const kept = await ask('/kept', set)
    expect(kept.is).toBe(1)
    expect(idOf(kept.set)).not.toBe(idOf(set))
    expect((await ask('/', kept.set)).is).toBe(2)
    expect((await ask('/new', kept.set)).is).toBe('none')
    expect((await ask('/', set)).is).toBe(1)
  })

  it('reloads what another request stored', async () => {
    const ask = await start(
      { store: open() },
      {
        '/': countIt,
        '/other': async (asked) => {
          await ask('/', asked.headers.cookie)
          await asked.session.reload()
          return asked.session.count
        },
      },
    )
    const { set } = await ask('/')
    expect((await ask('/other', set)).is).toBe(2)
  })

  it('saves when it is told to', async () => {
    const ask = await start(
      { store: open() },
      {
        '/': async (asked) => {
          countIt(asked)
          await asked.session.save()
          return asked.session.isSaved?.()
        },
        '/look': (asked) => asked.session.count ?? 'none',
      },
    )
    const { set } = await ask('/')
    expect((await ask('/look', set)).is).toBe(1)
  })

  it('answers 500 when the store fails', async () => {
    const store = open()
    store.get = (_id, done) => done(new Error('boom'))
    const ask = await start({ store }, { '/': countIt })
    const { set } = await ask('/')
    expect((await ask('/', set)).status).toBe(500)
  })
})
