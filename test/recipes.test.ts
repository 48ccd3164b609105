// Each recipe for the store is run as it stands on the page, and does what the page says.
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import express, { type Express } from 'express'
import session from 'express-session'
import { createClient } from 'redis-5'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore, type ExactRedisStoreOptions, StoreError } from '../src/store/index.js'
import { load, newSession } from './store/requests.js'
import { useRedis } from './support/use-redis.js'

const { server, client } = await useRedis()

/** The JavaScript under each heading. */
const RECIPES = new Map(
  readFileSync('docs/recipes.md', 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const heading = part.slice(0, part.indexOf('\n'))
      return [heading, [...part.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code = '']) => code)] as const
    }),
)
const tried = new Set<string>()

/** Runs a recipe with what the page takes for granted. @returns the names that it declares. */
async function run(heading: string, scope: object, index = 0): Promise<Record<string, unknown>> {
  const code = RECIPES.get(heading)?.[index]
  if (code === undefined) throw new Error(`no recipe ${index} under ${heading}`)
  tried.add(`${heading} ${index}`)
  const plain = code.replace(/^import .*$/gm, '').replace(/^export /gm, '')
  const names = [...plain.matchAll(/^(?:const|function) (\w+)/gm)].map(([, name = '']) => name)
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (...args: unknown[]) => unknown
  const body = new AsyncFunction(...Object.keys(scope), `${plain}\nreturn { ${names.join(', ')} }`)
  return (await body(...Object.values(scope))) as Record<string, unknown>
}

type Options = Omit<ExactRedisStoreOptions, 'client'>
const open = (options: Options = {}) =>
  new ExactRedisStore({ client, counters: ['visits'], cappedLists: { trail: 20 }, ...options })
const secret = 'test'
const sessionsOf = (store: session.Store) =>
  session({ store, secret, resave: false, saveUninitialized: false })
const appWith = (store: session.Store): Express => express().use(express.json()).use(sessionsOf(store))
const sentBy = (answer: request.Response) => String(answer.get('Set-Cookie')?.[0] ?? '').split(';')[0] ?? ''
const common = { express, session, ExactRedisStore, StoreError, secret, client }
/** Makes a session by a visit. @returns its cookie. */
const visited = async (app: Express) => {
  app.get('/visit', (req, res, next) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    req.session.save((error) => (error ? next(error) : res.json(req.session.visits)))
  })
  return sentBy(await request(app).get('/visit'))
}
const end = async () => client.flushall()

it('node-redis', async () => {
  const made = (options: object) => createClient({ ...options, url: server.url })
  const { store, client: own } = await run('node-redis', { ExactRedisStore, createClient: made })
  await (store as ExactRedisStore).set('sid', { cookie: {}, visits: 1 } as never)
  expect(await (store as ExactRedisStore).update('sid', { add: { visits: 1 } })).toMatchObject({ visits: 2 })
  await (own as { close(): Promise<void> }).close()
})

it('answer after the save', async () => {
  const app = appWith(open())
  await run('Answer after the save', { app })
  const sent = sentBy(await request(app).post('/cart?item=a').expect(302))
  await request(app).post('/cart?item=b').set('Cookie', sent).expect(302)
  expect((await open().all())[0]).toMatchObject({ cart: ['a', 'b'] })
})

it('count in the round trip that loads', async () => {
  const [app, store] = [express(), open()]
  await run('Count in the round trip that loads', { ...common, app, store })
  const first = await request(app).get('/').expect(200, { visits: 1 })
  await request(app).get('/').set('Cookie', sentBy(first)).expect(200, { visits: 2 })
  const [sid = ''] = await store.ids()
  const { session: updated } = await run('Count in the round trip that loads', { store, sid }, 1)
  expect(updated).toMatchObject({ visits: 3, trail: ['now'] })
  const none = await run('Count in the round trip that loads', { store, sid: 'none' }, 1)
  expect(none).toEqual({ session: null })
})

it('count a click once', async () => {
  const store = open()
  const app = appWith(store)
  await run('Count a click once', { app, store })
  const first = await request(app).post('/visits').set('Idempotency-Key', 'a').expect(200, { visits: 1 })
  const click = (key: string) =>
    request(app).post('/visits').set('Cookie', sentBy(first)).set('Idempotency-Key', key)
  await click('a').expect(200, { visits: 1 })
  await click('b').expect(200, { visits: 2 })
  const without = () => request(app).post('/visits').set('Cookie', sentBy(first))
  await without().expect(200, { visits: 3 })
  await without().expect(200, { visits: 4 })
})

it('log in and log out', async () => {
  const app = appWith(open())
  const before = await visited(app)
  app.use(async (req, _res, next) => {
    Object.assign(req, { user: { id: 'ada' } })
    // Another request of the same session, in the meantime.
    await open().update(req.sessionID, { add: { visits: 1 } })
    next()
  })
  await run('Log in and log out', { app })
  const after = sentBy(await request(app).post('/login').set('Cookie', before).expect(302))
  expect(after).not.toBe(before)
  expect(await open().all()).toMatchObject([{ user: { id: 'ada' }, visits: 2 }])
  await request(app).post('/logout').set('Cookie', after).expect(302)
  expect(await open().length()).toBe(0)
})

it('tell a late request that its session has ended', async () => {
  const app = appWith(open({ onGone: 'error' }))
  const sent = await visited(app)
  app.get('/late', async (req, res, next) => {
    await end()
    req.session.visits = 9
    req.session.save((error) => (error ? next(error) : res.json('ok')))
  })
  app.get('/auto', async (req, res) => {
    await end()
    req.session.visits = 9
    res.json('answered')
  })
  const late: unknown[] = []
  app.use(((error, _req, res, next) => {
    late.push(res.headersSent)
    next(error)
  }) as express.ErrorRequestHandler)
  await run('Tell a late request that its session has ended', { app })
  await request(app).get('/late').set('Cookie', sent).expect(409)
  const again = sentBy(await request(app).get('/visit'))
  await request(app).get('/auto').set('Cookie', again).expect(200, '"answered"')
  await expect.poll(() => late).toEqual([false, true])
})

it('answer when Redis is down', async () => {
  const app = () =>
    express()
      .set('env', 'test')
      .get('/', (_req, _res, next) => {
        const store = new ExactRedisStore({ client: away, deadlineMs: 50 })
        store.get('sid', (error) => next(error))
      })
  const away = client.duplicate({ port: 1, retryStrategy: () => 10 })
  away.on('error', () => {})
  const [plain, handled] = [app(), app()]
  await run('Answer when Redis is down', { app: handled, StoreError })
  for (const [tried, type] of [
    [plain, /html/],
    [handled, /json/],
  ] as const)
    await request(tried).get('/').expect(503).expect('Retry-After', '1').expect('Content-Type', type)
  away.disconnect()
})

it('sockets', async () => {
  const store = open()
  await store.commit(newSession(store, 'sid'))
  const [io, socket] = [new EventEmitter(), new EventEmitter()]
  const engine = { use: () => {} }
  const held = await load(store, 'sid')
  const req = held.req as unknown as { session: unknown }
  req.session = held
  await run('Sockets', { io: Object.assign(io, { engine }), sessions: () => {} })
  io.emit('connection', Object.assign(socket, { request: req }))
  const emitted = () => new Promise((resolve) => socket.emit('visit', resolve))
  expect(await emitted()).toEqual({ visits: 1 })
  await store.update('sid', { add: { visits: 5 } })
  expect(await emitted()).toEqual({ visits: 7 })
  await store.destroy('sid')
  expect(await emitted()).toEqual({ error: expect.any(String) })
})

it('many items in one session', async () => {
  const store = open()
  await store.commit(newSession(store, 'sid'))
  const requests = await Promise.all([1, 2, 3].map(() => load(store, 'sid')))
  for (const [id, held] of requests.entries()) {
    await run('Many items in one session', { req: { session: held }, id })
    await store.commit(held)
  }
  expect(await store.get('sid')).toMatchObject({ 'item:0': true, 'item:1': true, 'item:2': true })
})

it('measure the store', async () => {
  const [store, observed] = [open(), [] as unknown[]]
  const histogram = { observe: (...values: unknown[]) => observed.push(values) }
  await run('Measure the store', { store, histogram, log: { warn: () => observed.push('retry') } })
  await store.commit(newSession(store, 'sid'))
  expect(observed).toEqual([[{ operation: 'commit', outcome: 'ok' }, expect.any(Number)]])
})

it('encrypt sessions', async () => {
  const [NEW_KEY, OLD_KEY] = [randomBytes(32).toString('hex'), randomBytes(32).toString('base64')]
  const { store } = await run('Encrypt sessions', { ...common, process: { env: { NEW_KEY, OLD_KEY } } })
  await (store as ExactRedisStore).set('sid', { cookie: {}, user: 'ada' } as never)
  expect(await client.hget('sess:sid', ':user')).toMatch(/^~/)
  expect(await (store as ExactRedisStore).get('sid')).toMatchObject({ user: 'ada' })
})

describe('a double click on log in or log out', () => {
  const heading = 'A double click on log in or log out'
  it('goes on with the new session', async () => {
    const app = appWith(open({ onGone: 'error' }))
    const sent = await visited(app)
    app.use(async (req, _res, next) => {
      Object.assign(req, { user: 'ada' })
      await end()
      next()
    })
    await run(heading, { app })
    const answer = await request(app).post('/login').set('Cookie', sent).expect(302)
    expect(sentBy(answer)).not.toBe('')
    expect(await open().all()).toMatchObject([{ user: 'ada' }])
  })

  it('or sends the visitor on', async () => {
    const app = appWith(open({ onGone: 'error' }))
    const sent = await visited(app)
    app.get('/late', async (req, res, next) => {
      await end()
      req.session.regenerate((error) => (error ? next(error) : res.json('ok')))
    })
    app.get('/auto', async (req, res) => {
      await end()
      req.session.visits = 9
      res.json('answered')
    })
    await run(heading, { app }, 1)
    await request(app).get('/late').set('Cookie', sent).expect(303)
    const again = sentBy(await request(app).get('/visit'))
    await request(app).get('/auto').set('Cookie', again).expect(200, '"answered"')
  })
})

it("polls that don't extend the session", async () => {
  const store = open()
  const app = express()
  await run("Polls that don't extend the session", { app, store, sessions: sessionsOf(store) })
  app.use(sessionsOf(store))
  const sent = await visited(app)
  const [key = ''] = await client.keys('sess:*')
  await client.pexpire(key, 10_000)
  await request(app).get('/poll').set('Cookie', sent).expect(200)
  expect(await client.pttl(key)).toBeLessThanOrEqual(10_000)
})

it('an absolute end', async () => {
  const { store } = (await run('An absolute end', common)) as { store: ExactRedisStore }
  const held = newSession(store, 'sid')
  await store.commit(Object.assign(held, { endsAt: Date.now() + 60_000 }))
  for (let n = 0; n < 3; n += 1) await store.get('sid')
  expect(await client.pttl('sess:sid')).toBeLessThanOrEqual(60_000)
  const later = newSession(store, 'later')
  await store.commit(Object.assign(later, { endsAt: Date.now() + 9_000_000 }))
  expect(await client.pttl('sess:later')).toBeLessThanOrEqual(1_800_000)
})

it('two kinds of sessions in one app', async () => {
  const app = express()
  await run('Two kinds of sessions in one app', { ...common, app })
  app.get('/:kind/visit', (req, res, next) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    req.session.save((error) => (error ? next(error) : res.json(req.session.visits)))
  })
  const sent: string[] = []
  for (const kind of ['shop', 'admin']) sent.push(sentBy(await request(app).get(`/${kind}/visit`)))
  await request(app).get('/shop/visit').set('Cookie', sent.join('; ')).expect(200, '2')
  await request(app).get('/admin/visit').set('Cookie', sent.join('; ')).expect(200, '2')
  expect(await client.keys('shop:*')).toHaveLength(1)
  expect(await client.keys('admin:*')).toHaveLength(1)
})

it('sub-apps and routers', async () => {
  const [app, store] = [express(), open()]
  await run('Sub-apps and routers', { ...common, app, store })
  const sent = sentBy(await request(app).get('/').expect(200, '1'))
  await request(app).get('/').set('Cookie', sent).expect(200, '2')
  await request(app).get('/shop/cart').set('Cookie', sent).expect(200, [])
  // A second express-session in a sub-app does nothing.
  const nested = appWith(store)
  const other = open({ prefix: 'other:' })
  nested.use(
    '/sub',
    session({ store: other, name: 'other', secret, resave: false, saveUninitialized: false }),
  )
  nested.get('/sub', (req, res) => res.json(req.session.visits ?? null))
  await request(nested).get('/sub').set('Cookie', sent).expect(200, '2')
})

it('test your app', async () => {
  const { app } = await run('Test your app', common)
  await request(app as Express)
    .get('/')
    .expect(200, { visits: 0 })
  await client.set('sess:other', 'x')
  await run('Test your app', { ...common, process }, 1)
  expect(await client.exists('sess:other')).toBe(1)
})

it('all recipes are tried here', () => {
  const all = [...RECIPES].flatMap(([heading, codes]) => codes.map((_, index) => `${heading} ${index}`))
  expect([...tried].sort()).toEqual(all.sort())
})
