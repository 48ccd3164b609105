// The page as the app uses it: how a session and a problem are shown, and the route of the assets.
import type { Request, RequestHandler } from 'express'
import type { StoreName } from '../config/store-names.js'
import type { ShowProblem } from '../http/problem.js'
import { SESSION_COOKIE } from '../http/session-cookie.js'
import type { Instance } from '../instances/instance.js'
import type { Instances } from '../instances/instances.js'
import type { ShowPage } from '../visit/show-page.js'
import { readAssets } from './assets.js'
import { renderPage } from './page.js'
import { renderProblem } from './problem-page.js'

interface PageSettings {
  /** The path below which the app is served; empty: the root. */
  readonly basePath: string
  readonly store: StoreName
  readonly instance: Instance
  readonly chaos: boolean
  readonly instances: Instances
}

interface Page {
  /** The route of the assets, which touches no session. */
  readonly assets: RequestHandler
  readonly show: ShowPage
  readonly showProblem: ShowProblem
}

export function createPage({ instances, basePath, ...settings }: PageSettings): Page {
  const assets = readAssets(basePath)
  return {
    assets: assets.router,
    show: (req, session) =>
      renderPage({ ...settings, ...session, instances: instances.last, noCookie: lacksCookie(req) }, assets),
    showProblem: (...problem) => renderProblem(assets, ...problem),
  }
}

/** Whether a browser that has just been here, as the form's field says, came without its cookie. */
function lacksCookie(req: Request): boolean {
  return req.url.startsWith('/?again') && !req.get('Cookie')?.includes(`${SESSION_COOKIE}=`)
}
