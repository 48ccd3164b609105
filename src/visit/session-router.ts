import { type Request, Router } from 'express'
import type { Instance, StoreName } from '../config/settings.js'
import { onlyMethods, Problem } from '../http/problem.js'
import type { SessionStore } from '../stores/open-store.js'
import { call } from '../stores/save-and-wait.js'

/** The routes that look at a session, end it, or give it a new id; none of them counts a visit. */
export function sessionRouter(
  store: SessionStore,
  name: StoreName,
  instance: Instance,
  ttlSeconds: number,
): Router {
  return Router()
    .get('/api/session', (req, res) => {
      const { visits, trail, cookie } = living(req)
      // Looking at it has slid its expiry.
      const expiresInSeconds = cookie.maxAge ? Math.round(cookie.maxAge / 1000) : ttlSeconds
      res.set('Cache-Control', 'no-store').json({ visits, trail, store: name, instance, expiresInSeconds })
    })
    .delete('/api/session', async (req, res) => {
      if (req.session.visits !== undefined) await call((done) => req.session.destroy(done))
      res.clearCookie('connect.sid', { path: '/' }).status(204).end()
    })
    .all('/api/session', onlyMethods('GET', 'HEAD', 'DELETE'))
    .post('/api/session/regenerate', async (req, res) => {
      const old = living(req)
      await call((done) => old.regenerate(done))
      // The store brings the old session up to date as it retires it: visits committed meanwhile move along.
      req.session.visits = old.visits
      req.session.trail = old.trail
      const visits = await store.commit(req)
      res.set('Cache-Control', 'no-store').json({ visits, instance, store: name })
    })
    .all('/api/session/regenerate', onlyMethods('POST'))
}

type LivingSession = Request['session'] & Required<Pick<Request['session'], 'visits' | 'trail'>>

function living(req: Request): LivingSession {
  if (req.session.visits === undefined) throw new Problem(404, 'This browser has no session yet.')
  return req.session as LivingSession
}
