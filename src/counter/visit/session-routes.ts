import type { Request, RequestHandler, Router } from 'express'
import { answerJson } from '../http/answer-json.js'
import { onlyMethods, Problem } from '../http/problem.js'
import type { Instance } from '../instances/instance.js'
import type { ShowPage } from '../page/page-router.js'
import { call } from '../stores/call.js'
import type { SessionStore } from '../stores/open-store.js'
import { readTrail } from './trail.js'

/** The routes that look at a session, end it, or give it a new id; none of them counts a visit. */
export function sessionRoutes(
  router: Router,
  withSession: RequestHandler,
  store: SessionStore,
  instance: Instance,
  ttlSeconds: number,
  page: ShowPage,
): void {
  async function end({ session }: Request): Promise<void> {
    await call((done) => session.destroy(done))
  }
  async function regenerate(req: Request): Promise<number> {
    const old = living(req)
    await call((done) => old.regenerate(done))
    // The store brings the old session up to date as it retires it: visits committed meanwhile move along.
    req.session.visits = old.visits
    req.session.trail = old.trail
    return store.commit(req)
  }

  router
    .get('/api/session', withSession, (req, res) => {
      const { visits, trail, cookie } = living(req)
      // Looking at it has slid its expiry.
      const expiresInSeconds = cookie.maxAge ? Math.round(cookie.maxAge / 1000) : ttlSeconds
      answerJson(res, { visits, trail: readTrail(trail), store: store.name, instance, expiresInSeconds })
    })
    .delete('/api/session', withSession, async (req, res) => {
      await end(req)
      // The browser keeps its cookie: a dead one does no harm, and whether it is dead is what people come to see.
      res.status(204).end()
    })
    .all('/api/session', onlyMethods('GET', 'HEAD', 'DELETE'))
    .post('/api/session/regenerate', withSession, async (req, res) => {
      const visits = await regenerate(req)
      answerJson(res, { visits, instance, store: store.name })
    })
    .all('/api/session/regenerate', onlyMethods('POST'))
    // The same for the page's forms: they know GET and POST, and are shown a page that counts no visit.
    .get('/session', withSession, (req, res) => {
      const { visits = null, trail } = req.session
      res.type('html').send(page(req, { visits, trail: readTrail(trail) }))
    })
    .all('/session', onlyMethods('GET', 'HEAD'))
    .post('/session/end', withSession, async (req, res) => {
      await end(req)
      res.redirect(303, '/session')
    })
    .all('/session/end', onlyMethods('POST'))
    .post('/session/regenerate', withSession, async (req, res) => {
      if (req.session.visits !== undefined) await regenerate(req)
      res.redirect(303, '/session')
    })
    .all('/session/regenerate', onlyMethods('POST'))
}

type LivingSession = Request['session'] & Required<Pick<Request['session'], 'visits' | 'trail'>>

function living(req: Request): LivingSession {
  if (req.session.visits === undefined) throw new Problem(404, 'This browser has no session yet.')
  return req.session as LivingSession
}
