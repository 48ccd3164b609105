import type { Request, RequestHandler } from 'express'
import type { ShowProblem } from '../http/problem.js'
import type { Instance } from '../instances/instance.js'
import type { Replicas } from '../instances/instances.js'
import type { StoreName } from '../stores/store-names.js'
import type { Visit } from '../visit/trail.js'
import { readAssets } from './assets.js'
import { renderPage } from './page.js'
import { renderProblem } from './problem-page.js'

interface PageSettings {
  readonly store: StoreName
  readonly instance: Instance
  readonly chaos: boolean
  readonly replicas: Replicas
}

/** What a session holds for the page; visits are null where there is no session. */
interface SessionView {
  readonly visits: number | null
  readonly trail: readonly Visit[]
}

/** The page of a session, as HTML. */
export type ShowPage = (req: Request, session: SessionView) => string

/** The page, for the routes that answer with it, and the route of its assets, which come before any session. */
export function pageRouter({ replicas, ...settings }: PageSettings): {
  readonly assets: RequestHandler
  readonly show: ShowPage
  readonly showProblem: ShowProblem
} {
  const assets = readAssets()
  return {
    assets: assets.router,
    show: (req, session) =>
      renderPage({ ...settings, ...session, instances: replicas.last, noCookie: lacksCookie(req) }, assets),
    showProblem: (...problem) => renderProblem(assets, ...problem),
  }
}

/** Whether a browser that has just been here, as the form's field says, came without its cookie. */
function lacksCookie(req: Request): boolean {
  return req.url.startsWith('/?again') && !req.get('Cookie')?.includes('connect.sid=')
}
