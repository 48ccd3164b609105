import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import session from 'express-session'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore, type UpdateOnLoad } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'

const { client } = await useRedis()

const VISIT: UpdateOnLoad = { add: { visits: 1 }, append: { trail: ['now'] } }
const open = (onGone: 'ignore' | 'error' = 'error') =>
  new ExactRedisStore({ client, counters: ['visits'], cappedLists: { trail: 3 }, onGone })
const sessionsOf = (store: session.Store, name = 'connect.sid') =>
  session({ store, name, secret: 'test', resave: false, saveUninitialized: false })
const cookieOf = (response: request.Response) => String(response.get('Set-Cookie')?.[0]).split(';')[0] ?? ''
const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(500).json({ code: error.code, message: error.message })
}

/** @returns an app that counts each visit as its session is loaded. */
function counting(store: ExactRedisStore, before: RequestHandler[] = [], sessions = sessionsOf(store)) {
  const app = express()
  const updateOf = (req: express.Request): UpdateOnLoad => ({
    ...VISIT,
    idempotencyKey: req.get('Idempotency-Key'),
  })
  app.get('/', ...before, store.updateOnLoad(sessions, updateOf), (req, res) => {
    const { visits, trail } = req.session
    res.json({ visits, trail: trail?.length, outcome: req.sessionUpdate })
  })
  app.use(answerError)
  return app
}

/** @returns the scripts that Redis ran while this was done. */
async function scriptsOf(work: () => Promise<unknown>): Promise<number> {
  await client.config('RESETSTAT')
  await work()
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0)
}

describe('an update on load', () => {
  it('makes the session of a new visitor, and is one round trip for one who returns', async () => {
    const app = counting(open())
    let cookie = ''
    const scripts = await scriptsOf(async () => {
      const first = await request(app).get('/').expect(200, { visits: 1, trail: 1, outcome: 'created' })
      cookie = cookieOf(first)
    })
    expect(scripts).toBe(1)
    for (const visits of [2, 3, 4]) {
      const again = scriptsOf(() =>
        request(app)
          .get('/')
          .set('Cookie', cookie)
          .expect(200, { visits, trail: Math.min(visits, 3), outcome: 'updated' }),
      )
      expect(await again).toBe(1)
    }
  })

  it('of no entries is none of a log, whether it makes the session or not', async () => {
    const store = open()
    const app = express()
    const update: UpdateOnLoad = { add: { visits: 1 }, append: { trail: [] } }
    app.get(
      '/',
      store.updateOnLoad(sessionsOf(store), () => update),
      (req, res) => {
        res.json({ visits: req.session.visits, keys: Object.keys(req.session).sort() })
      },
    )
    const keys = ['cookie', 'visits']
    const cookie = cookieOf(await request(app).get('/').expect(200, { visits: 1, keys }))
    for (const visits of [2, 3])
      await request(app).get('/').set('Cookie', cookie).expect(200, { visits, keys })
  })

  it('is made once for a key, whether it made the session or not', async () => {
    const app = counting(open())
    const get = (key: string, cookie = '') =>
      request(app).get('/').set('Idempotency-Key', key).set('Cookie', cookie)
    const cookie = cookieOf(await get('a').expect(200))
    expect((await get('a', cookie)).body).toMatchObject({ visits: 1, outcome: 'repeated' })
    expect((await get('b', cookie)).body).toMatchObject({ visits: 2, outcome: 'updated' })
    expect((await get('a', cookie)).body).toMatchObject({ visits: 1, outcome: 'repeated' })
    expect((await get('c', cookie)).body).toMatchObject({ visits: 3, outcome: 'updated' })
  })

  it('counts each of many at once, each with its own number', async () => {
    const app = counting(open())
    const cookie = cookieOf(await request(app).get('/'))
    const listening = app.listen(0)
    const all = await Promise.all(
      Array.from({ length: 50 }, () => request(listening).get('/').set('Cookie', cookie).expect(200)),
    )
    listening.close()
    expect(new Set(all.map(({ body }) => body.visits)).size).toBe(50)
  })

  it('makes a new session for a cookie whose session has ended', async () => {
    const store = open()
    const app = counting(store)
    const cookie = cookieOf(await request(app).get('/'))
    await store.clear()
    const response = await request(app).get('/').set('Cookie', cookie)
    expect(response.body).toMatchObject({ visits: 1, outcome: 'created' })
    expect(cookieOf(response)).not.toBe(cookie)
  })

  it('is made where the session was loaded before, too', async () => {
    const store = open()
    const sessions = sessionsOf(store)
    const app = counting(store, [sessions], sessions)
    const cookie = cookieOf(await request(app).get('/').expect(200))
    const { body } = await request(app).get('/').set('Cookie', cookie)
    expect(body).toEqual({ visits: 2, trail: 2, outcome: 'updated' })
  })

  it('is made if the middleware loads the session only later', async () => {
    const store = open()
    const sessions = sessionsOf(store)
    const later: RequestHandler = (req, res, next) => setImmediate(() => sessions(req, res, next))
    const app = counting(store, [], later)
    const cookie = cookieOf(await request(app).get('/').expect(200))
    const { body } = await request(app).get('/').set('Cookie', cookie)
    expect(body).toEqual({ visits: 2, trail: 2, outcome: 'updated' })
  })

  it('leaves alone what another middleware, or the app, loads of the same store', async () => {
    const store = open()
    const other = sessionsOf(store, 'other.sid')
    const app = express()
    app.get('/other', other, (req, res) => {
      req.session.visits ??= 10
      res.json(req.session.visits)
    })
    /** Loads the other session, and puts it aside. */
    const aside: RequestHandler = (req, res, next) => {
      const own = req.session as typeof req.session | undefined
      Reflect.set(req, 'session', undefined)
      other(req, res, (error) => {
        res.locals.others = [...(res.locals.others ?? []), req.session.visits]
        Reflect.set(req, 'session', own)
        next(error)
      })
    }
    const counted = store.updateOnLoad(sessionsOf(store), () => VISIT)
    app.get('/', aside, counted, aside, async (req, res) => {
      const looked = await store.get(String(req.query.sid))
      res.json({ own: req.session.visits, others: res.locals.others, looked: looked?.visits })
    })
    const cookie = cookieOf(await request(app).get('/other').expect(200))
    const [sid] = await store.ids()
    const response = await request(app).get(`/?sid=${sid}`).set('Cookie', cookie)
    expect(response.body).toEqual({ own: 1, others: [10, 10], looked: 10 })
    await request(app).get('/other').set('Cookie', cookie).expect(200, '10')
  })

  it('gives errors to next: of the update, of the store, and of a request without a session', async () => {
    const store = open()
    const app = express()
    const sessions = sessionsOf(store)
    app.get(
      '/wrong',
      store.updateOnLoad(sessions, () => ({ add: { name: 1 } as object })),
    )
    app.get(
      '/throws',
      store.updateOnLoad(sessions, () => {
        throw new TypeError('no update')
      }),
    )
    app.get(
      '/none',
      store.updateOnLoad(
        (_req, _res, next) => next(),
        () => VISIT,
      ),
    )
    app.get(
      '/',
      store.updateOnLoad(sessions, () => VISIT),
      (_req, res) => res.json('ok'),
    )
    app.use(answerError)
    const cookie = cookieOf(await request(app).get('/').expect(200))
    for (const sent of ['', cookie]) {
      const { body } = await request(app).get('/wrong').set('Cookie', sent).expect(500)
      expect(body.message).toMatch(/declared counters/)
    }
    expect((await request(app).get('/throws').expect(500)).body.message).toBe('no update')
    expect((await request(app).get('/none').expect(500)).body.message).toMatch(/no session/)
    await client.config('SET', 'maxmemory', '1')
    for (const sent of ['', cookie]) {
      const { body } = await request(app).get('/').set('Cookie', sent).expect(500)
      expect(body.code).toBe('ERR_STORE_REFUSED')
    }
    await client.config('SET', 'maxmemory', '0')
    expect(await store.all()).toMatchObject([{ visits: 1 }])
  })
})
