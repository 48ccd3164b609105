// The page's style, script and icon, and their route.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { type RequestHandler, Router } from 'express'
import { notFound } from '../http/problem.js'

// Of the build, from the sources too: the browser's script exists nowhere else. In the image, beside the bundle.
const PLACES = ['../../../dist/counter/page/assets/', './page/assets/'].map(
  (path) => new URL(path, import.meta.url),
)
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface Assets {
  /** The path of all assets; it changes with their content. */
  readonly path: string
  /** The path below which the app is served, which all links begin with; empty: the root. */
  readonly base: string
  readonly names: readonly string[]
  readonly router: RequestHandler
}

/**
 * Reads the page's style, script and icon into memory.
 * @throws Error where the project was not built.
 */
export function readAssets(base = ''): Assets {
  const folder = PLACES.find((place) => existsSync(place))
  if (!folder) throw new Error('the assets of the page are missing: npm run build makes them')
  const names = readdirSync(folder).filter((name) => extname(name) in TYPES)
  const files = new Map(names.sort().map((name) => [name, readFileSync(new URL(name, folder))]))
  const hash = createHash('sha256')
  for (const [name, body] of files) hash.update(name).update(body)
  const version = hash.digest('base64url').slice(0, 10)
  const router = Router()
    .get('/assets/:version/:name', (req, res, next) => {
      const { version: asked, name } = req.params
      const body = files.get(name)
      if (!body) return next()
      // During a rollout a page may come from one version and its assets from another: better those than none, but not for good.
      const forGood = asked === version
      res
        .set('Cache-Control', forGood ? 'public, max-age=31536000, immutable' : 'no-store')
        .type(TYPES[extname(name)] ?? '')
        .send(body)
    })
    .get(['/assets/*name', '/favicon.ico'], notFound)
  return { path: `${base}/assets/${version}`, base, names, router }
}
