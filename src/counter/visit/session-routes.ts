// The routes that look at a session, end it, or give it a new id. None of them counts a visit.
import { type Request, type RequestHandler, Router } from 'express'
import { onlyMethods, Problem } from '../http/problem.js'
import type { Instance } from '../instances/instance.js'
import { call } from '../stores/call.js'
import type { SessionStore } from '../stores/open-store.js'
import type { ShowPage } from './show-page.js'
import { readTrail } from './trail.js'

interface SessionParts {
  /** express-session's middleware. */
  readonly sessions: RequestHandler
  readonly store: SessionStore
  readonly instance: Instance
  readonly ttlSeconds: number
  readonly show: ShowPage
}

export function sessionRoutes({ sessions, store, instance, ttlSeconds, show }: SessionParts): Router {
  async function end({ session }: Request): Promise<void> {
    await call((done) => session.destroy(done))
  }
  async function regenerate(req: Request): Promise<number> {
    const old = existing(req)
    await call((done) => old.regenerate(done))
    // The store brings the old session up to date as it retires it, with what others have committed in the meantime.
    req.session.visits = old.visits
    req.session.trail = old.trail
    return store.commit(req)
  }

  return (
    Router()
      .get('/api/session', sessions, (req, res) => {
        const { visits, trail, cookie } = existing(req)
        // Loading it has extended it.
        const expiresInSeconds = cookie.maxAge ? Math.round(cookie.maxAge / 1000) : ttlSeconds
        res.json({ visits, trail: readTrail(trail), store: store.name, instance, expiresInSeconds })
      })
      .delete('/api/session', sessions, async (req, res) => {
        await end(req)
        // The browser keeps its cookie, so that visitors can see that the session has ended for good.
        res.status(204).end()
      })
      .all('/api/session', onlyMethods('GET', 'HEAD', 'DELETE'))
      .post('/api/session/regenerate', sessions, async (req, res) => {
        const visits = await regenerate(req)
        res.json({ visits, instance, store: store.name })
      })
      .all('/api/session/regenerate', onlyMethods('POST'))
      // The same for the page's forms, which know GET and POST, and get a page that counts no visit.
      .get('/session', sessions, (req, res) => {
        const { visits = null, trail } = req.session
        res.type('html').send(show(req, { visits, trail: readTrail(trail) }))
      })
      .all('/session', onlyMethods('GET', 'HEAD'))
      .post('/session/end', sessions, async (req, res) => {
        await end(req)
        res.redirect(303, '/session')
      })
      .all('/session/end', onlyMethods('POST'))
      .post('/session/regenerate', sessions, async (req, res) => {
        if (req.session.visits !== undefined) await regenerate(req)
        res.redirect(303, '/session')
      })
      .all('/session/regenerate', onlyMethods('POST'))
  )
}

type CountedSession = Request['session'] & Required<Pick<Request['session'], 'visits' | 'trail'>>

function existing(req: Request): CountedSession {
  if (req.session.visits === undefined) throw new Problem(404, 'This browser has no session yet.')
  return req.session as CountedSession
}
