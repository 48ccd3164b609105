import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { type RequestHandler, Router } from 'express'
import { notFound } from '../http/problem.js'

/** Of the build, from the sources too: the browser's script exists nowhere else. */
const BUILT = new URL('../../dist/page/assets/', import.meta.url)
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface Assets {
  /** The path of all assets; it changes with their content. */
  readonly path: string
  /** The names of the script's modules, below the path. */
  readonly scripts: readonly string[]
  /** bytes of all of them */
  readonly size: number
  readonly router: RequestHandler
}

/**
 * Reads the page's style, script and icon into memory.
 * @throws Error where the project was not built.
 */
export function readAssets(): Assets {
  const names = readdirSync(BUILT, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => extname(name) in TYPES)
    .sort()
  // Indentation is a tenth of them, and means nothing in any of them: no string in the script spans lines but markup.
  const read = (name: string) => Buffer.from(readFileSync(new URL(name, BUILT), 'utf8').replace(/^\s+/gm, ''))
  const files = new Map(names.map((name) => [name, read(name)]))
  const hash = createHash('sha256')
  for (const [name, body] of files) hash.update(name).update(body)
  const version = hash.digest('base64url').slice(0, 10)
  const router = Router()
    .get('/assets/:version/*name', (req, res, next) => {
      const name = [req.params.name].flat().join('/')
      const body = files.get(name)
      if (!body) return next()
      // During a rollout a page may come from one version and its assets from another: better those than none, but not for good.
      const forGood = req.params.version === version
      res
        .set('Cache-Control', forGood ? 'public, max-age=31536000, immutable' : 'no-store')
        .type(TYPES[extname(name)] ?? '')
        .send(body)
    })
    .get(['/assets/*name', '/favicon.ico'], notFound)
  return {
    path: `/assets/${version}`,
    scripts: names.filter((name) => name.endsWith('.js')),
    size: [...files.values()].reduce((sum, { length }) => sum + length, 0),
    router,
  }
}
