import express, { type Express } from 'express'
import session from 'express-session'
import request from 'supertest'
import { beforeEach, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'

let app: Express
let store: ExactRedisStore
let pieces = 0

const { client } = await useRedis()
beforeEach(() => {
  store = new ExactRedisStore({ client, counters: ['visits'], onGone: 'error' })
  app = express()
  app.use((_req, res, next) => {
    const write = res.write.bind(res) as (...args: unknown[]) => boolean
    Reflect.set(res, 'write', (...args: unknown[]) => {
      pieces += 1
      return write(...args)
    })
    next()
  })
  app.use(
    session({ store, secret: 'test', resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } }),
  )
  // The counter as its users write it at first: express-session saves it at the end of the response.
  app.get('/auto', (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    res.json(req.session.visits)
  })
  app.get('/save', (req, res, next) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    req.session.save((error) => (error ? next(error) : res.json(req.session.visits)))
  })
  app.get('/read', (req, res) => {
    res.json(req.session.visits ?? null)
  })
  app.get('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.json('bye')))
  })
  // Out, and a new session for what the next page shows.
  app.get('/anew', (req, res, next) => {
    req.session.destroy(() => {
      store.regenerate(req, (error) => (error ? next(error) : res.json(req.sessionID)))
    })
  })
})

const cookieOf = (response: request.Response) => String(response.get('Set-Cookie')?.[0]).split(';')[0] ?? ''

it('counts, whether express-session saves or the handler does', async () => {
  const cookie = cookieOf(await request(app).get('/auto').expect(200, '1'))
  await request(app).get('/auto').set('Cookie', cookie).expect(200, '2')
  await request(app).get('/save').set('Cookie', cookie).expect(200, '3')
  await request(app).get('/read').set('Cookie', cookie).expect(200, '3')
  await request(app).get('/logout').set('Cookie', cookie).expect(200)
  await request(app).get('/read').set('Cookie', cookie).expect(200, 'null')
  expect(await client.keys('*')).toEqual([])
})

it('counts each of many at once with a saving handler, each with a number of its own', async () => {
  const cookie = cookieOf(await request(app).get('/save'))
  const listening = app.listen(0)
  const visits = Array.from({ length: 50 }, () =>
    request(listening).get('/save').set('Cookie', cookie).expect(200),
  )
  const numbers = (await Promise.all(visits)).map(({ text }) => Number(text))
  listening.close()
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 2))
})

it('lets express-session write a response in one piece after an explicit save', async () => {
  const cookie = cookieOf(await request(app).get('/save'))
  pieces = 0
  await request(app).get('/save').set('Cookie', cookie).expect(200, '2')
  // Where the store answers later, all but the last byte is written first.
  expect(pieces).toBe(0)
  await request(app).get('/auto').set('Cookie', cookie).expect(200, '3')
  expect(pieces).toBe(1)
})

it('gives a new session to a request that has ended its own', async () => {
  const cookie = cookieOf(await request(app).get('/save'))
  await request(app).get('/anew').set('Cookie', cookie).expect(200)
  await request(app).get('/read').set('Cookie', cookie).expect(200, 'null')
})

it('gives the client no 200 when the store rejects', async () => {
  const cookie = cookieOf(await request(app).get('/save'))
  await client.config('SET', 'maxmemory', '1')
  await request(app).get('/save').set('Cookie', cookie).expect(503)
  await client.config('SET', 'maxmemory', '0')
  await request(app).get('/save').set('Cookie', cookie).expect(200, '2')
})

it('answers 503 while Redis is away, and 409 for a session that has ended, without an error handler of the app', async () => {
  const cookie = cookieOf(await request(app).get('/auto').expect(200))
  app.set('env', 'production')
  app.get('/ended', (req, _res, next) => {
    req.session.visits = 7
    client.flushall().then(() => req.session.save(next), next)
  })
  await request(app).get('/ended').set('Cookie', cookie).expect(409)
  const away = client.duplicate({ port: 1, lazyConnect: true, retryStrategy: () => 10 }).on('error', () => {})
  const lost = express().set('env', 'production')
  const patient = new ExactRedisStore({ client: away, deadlineMs: 100 })
  lost.use(session({ store: patient, secret: 'test', resave: false, saveUninitialized: false }))
  const answer = await request(lost).get('/').set('Cookie', cookie).expect(503).expect('Retry-After', '1')
  expect(answer.text).not.toContain('Redis')
  away.disconnect()
})
