// The routes that look at a session, end it, or give it a new id. None of them counts a visit.
import { Router } from 'express'
import { onlyMethods, Problem } from '../http/problem.js'
import type { Instance } from '../instances/instance.js'
import type { CounterStore } from './counter-store.js'
import type { ShowPage } from './show-page.js'
import { readTrail } from './trail.js'

interface SessionParts {
  readonly store: CounterStore
  readonly instance: Instance
  readonly basePath: string
  readonly show: ShowPage
}

export function sessionRoutes({ store, instance, basePath, show }: SessionParts): Router {
  return (
    Router()
      .get('/api/session', async (req, res) => {
        const { visits, trail, expiresInSeconds } = found(await store.look(req, res))
        res.json({ visits, trail: readTrail(trail), store: store.name, instance, expiresInSeconds })
      })
      .delete('/api/session', async (req, res) => {
        await store.end(req, res)
        // The browser keeps its cookie, so that visitors can see that the session has ended for good.
        res.status(204).end()
      })
      .all('/api/session', onlyMethods('GET', 'HEAD', 'DELETE'))
      .post('/api/session/regenerate', async (req, res) => {
        const visits = found(await store.renewId(req, res))
        res.json({ visits, instance, store: store.name })
      })
      .all('/api/session/regenerate', onlyMethods('POST'))
      // The same for the page's forms, which know GET and POST, and get a page that counts no visit.
      .get('/session', async (req, res) => {
        const { visits = null, trail = [] } = (await store.look(req, res)) ?? {}
        res.type('html').send(show(req, { visits, trail: readTrail(trail) }))
      })
      .all('/session', onlyMethods('GET', 'HEAD'))
      .post('/session/end', async (req, res) => {
        await store.end(req, res)
        res.redirect(303, `${basePath}/session`)
      })
      .all('/session/end', onlyMethods('POST'))
      .post('/session/regenerate', async (req, res) => {
        await store.renewId(req, res)
        res.redirect(303, `${basePath}/session`)
      })
      .all('/session/regenerate', onlyMethods('POST'))
  )
}

function found<T>(session: T | undefined): T {
  if (session === undefined) throw new Problem(404, 'This browser has no session yet.')
  return session
}
