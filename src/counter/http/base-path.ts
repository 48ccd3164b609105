// Serves the app below a path such as /counter, whether or not the proxy in front removes it.
import type { RequestHandler } from 'express'

/**
 * Routes see each request without the base path, and `req.originalUrl` always has it: the path of the session cookie is held
 * against that. Probes come without it.
 */
export function removeBasePath(basePath: string): RequestHandler {
  return function removeBasePath(req, _res, next) {
    const { url } = req
    const rest = url.slice(basePath.length)
    if (url.startsWith(basePath) && /^([/?]|$)/.test(rest)) req.url = rest.startsWith('/') ? rest : `/${rest}`
    else req.originalUrl = basePath + url
    next()
  }
}
