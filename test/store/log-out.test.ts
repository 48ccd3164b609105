// A double click on log out or log in, by a store that says when a session has ended: nobody sees an error of it who lost nothing.
import express, { type ErrorRequestHandler, type Express } from 'express'
import session from 'express-session'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'
import { load, newSession } from './requests.js'

const { client } = await useRedis()
const store = new ExactRedisStore({ client, counters: ['visits'], onGone: 'error' })

interface Content {
  passport?: { user?: string }
  cart?: string[]
  notes?: string[]
}
const content = (req: express.Request) => req.session as unknown as Content

let app: Express
let errors: unknown[]
let waiting: (() => void)[]
/** Lets no request through before this many have loaded their session. */
let together: number

beforeEach(() => {
  errors = []
  waiting = []
  together = 1
  app = express()
  app.use(session({ store, secret: 'test', resave: false, saveUninitialized: false }))
  app.use((_req, _res, next) => {
    waiting.push(next)
    if (waiting.length === together) for (const go of waiting.splice(0)) go()
  })
  app.post('/login', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error && error.code !== 'ERR_SESSION_GONE') return next(error)
      content(req).passport = { user: 'ada' }
      req.session.save((failed) => (failed ? next(failed) : res.redirect('/')))
    })
  })
  app.post('/cart', (req, res, next) => {
    Object.assign(req.session, { cart: ['a'], notes: ['saved', 'sent'] })
    req.session.save((error) => (error ? next(error) : res.json('ok')))
  })
  // As passport.logout() does.
  app.post('/passport', (req, res, next) => {
    delete content(req).passport?.user
    const old = req.session
    old.save((error) => {
      if (error) return next(error)
      old.regenerate((failed) => {
        if (failed) return next(failed)
        Object.assign(req.session, { cart: content({ session: old } as never).cart })
        res.redirect('/')
      })
    })
  })
  app.post('/destroy', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.redirect('/')))
  })
  app.post('/regenerate', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error && error.code !== 'ERR_SESSION_GONE') return next(error)
      res.redirect('/')
    })
  })
  app.get('/', (req, res) => {
    res.json(content(req).passport?.user ?? null)
  })
  // Saved after the answer: a message that was shown, and a visit.
  app.get('/shown', (req, res) => {
    content(req).notes?.shift()
    res.json('shown')
  })
  app.get('/visit', (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    res.json('counted')
  })
  const failed: ErrorRequestHandler = (error, _req, res, _next) => {
    errors.push({ code: error.code, answered: res.headersSent })
    if (!res.headersSent) res.status(409).json(error.code)
  }
  app.use(failed)
})

const cookieOf = (answer: request.Response) => String(answer.get('Set-Cookie')?.[0] ?? '').split(';')[0] ?? ''
const loggedIn = async () => {
  const sent = cookieOf(await request(app).post('/login'))
  await request(app).post('/cart').set('Cookie', sent).expect(200)
  return sent
}
/** Requests that have all loaded their session before one of them goes on. */
const overlapping = async (sent: string, ...paths: string[]) => {
  together = paths.length
  const listening = app.listen(0)
  const answers = await Promise.all(
    paths.map((path) => {
      const [method = '', url = ''] = path.split(' ')
      const asked = method === 'GET' ? request(listening).get(url) : request(listening).post(url)
      return asked.set('Cookie', sent)
    }),
  )
  listening.close()
  together = 1
  return answers
}

describe('a double click on log out', () => {
  it.each(['/destroy', '/regenerate', '/passport'])(
    'by %s is no error, and ends the session',
    async (path) => {
      const sent = await loggedIn()
      const answers = await overlapping(sent, `POST ${path}`, `POST ${path}`, `POST ${path}`)
      expect(answers.map(({ status }) => status)).toEqual([302, 302, 302])
      expect(errors).toEqual([])
      await request(app).get('/').set('Cookie', sent).expect(200, 'null')
    },
  )

  it('brings nothing of the ended session to a new one', async () => {
    const sent = await loggedIn()
    const [, slow] = await overlapping(sent, 'POST /destroy', 'POST /passport')
    expect(errors).toEqual([])
    const left = await client.keys('sess:*')
    // The one that was quicker: it moved the cart to a new id, or came too late for it.
    if (left.length > 0) expect(cookieOf(slow as request.Response)).not.toBe('')
    for (const key of left) expect(await client.hget(key, ':passport')).toBeNull()
  })

  it('while a page takes out what it has shown: no error after the answer', async () => {
    const sent = await loggedIn()
    const answers = await overlapping(sent, 'POST /destroy', 'GET /shown', 'GET /shown')
    expect(answers.map(({ status }) => status)).toEqual([302, 200, 200])
    expect(errors).toEqual([])
  })

  it('while a page adds something: the error handler is told, after the answer', async () => {
    const sent = await loggedIn()
    const held = await load(store, (await store.ids())[0] ?? '')
    await request(app).post('/destroy').set('Cookie', sent).expect(302)
    held.visits = 1
    await expect(store.commit(held)).rejects.toMatchObject({ code: 'ERR_SESSION_GONE' })
  })
})

describe('a double click on log in', () => {
  it('logs in twice, each with a session of its own', async () => {
    const sent = cookieOf(await request(app).post('/login'))
    const answers = await overlapping(sent, 'POST /login', 'POST /login')
    expect(answers.map(({ status }) => status)).toEqual([302, 302])
    expect(errors).toEqual([])
    const cookies = answers.map(cookieOf)
    expect(new Set(cookies).size).toBe(2)
    for (const cookie of cookies) await request(app).get('/').set('Cookie', cookie).expect(200, '"ada"')
  })
})

describe('a change of a session that has ended', () => {
  const change = async (work: (held: Record<string, unknown>) => void) => {
    const made = newSession(store, 'sid')
    const before = { user: { id: 1, roles: ['a', 'b'] }, flash: { info: ['x'] }, on: true, list: [1, 2] }
    await store.commit(Object.assign(made, before, { visits: 1 }) as never)
    const held = await load(store, 'sid')
    await store.destroy('sid')
    work(held)
    return store.commit(held)
  }

  it.each<[string, (held: Record<string, unknown>) => void]>([
    ['deletes keys', (held) => delete held.user],
    ['sets a key to nothing', (held) => Object.assign(held, { user: null, on: false, list: [], flash: {} })],
    ['deletes a part', (held) => delete (held.user as { id?: number }).id],
    ['deletes an entry', (held) => Object.assign(held, { list: [2], user: { id: 1, roles: ['b'] } })],
    ['changes nothing', () => {}],
  ])('that only takes away is no error: %s', async (_what, work) => {
    await expect(change(work)).resolves.toBeUndefined()
    expect(await client.keys('sess:*')).toEqual([])
  })

  it.each<[string, (held: Record<string, unknown>) => void]>([
    ['a key', (held) => Object.assign(held, { cart: ['a'] })],
    ['a part', (held) => Object.assign(held.user as object, { admin: true })],
    ['an entry', (held) => (held.list as number[]).push(3)],
    ['another value', (held) => Object.assign(held, { on: 'yes' })],
    ['a count', (held) => Object.assign(held, { visits: 2 })],
    ['besides a deletion', (held) => Object.assign(held, { user: null, cart: 1 })],
  ])('that adds something is one: %s', async (_what, work) => {
    await expect(change(work)).rejects.toMatchObject({ code: 'ERR_SESSION_GONE' })
    expect(await client.keys('sess:*')).toEqual([])
  })
})
