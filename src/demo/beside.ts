// The stores beside the one in use, below /beside/STORE/ of the same origin: what the page's story compares. Each has sessions of
// its own, by a cookie of its own.
import type { IncomingMessage } from 'node:http'
import { STORE_NAMES, type StoreName } from '../counter/config/store-names.js'
import { SESSION_COOKIE } from '../counter/http/session-cookie.js'

/** Tells the page, in an answer's header, which stores it may compare. */
export const BESIDE_HEADER = 'x-demo-beside'
export const COMPARED: readonly StoreName[] = ['connect-redis', 'exact']

/** Takes a request's path and cookie to what the counter knows. @returns the store that it is for; undefined: the one in use. */
export function turnAside(request: IncomingMessage): StoreName | undefined {
  const [, name, path] = /^\/beside\/([a-z-]+)(\/.*)$/.exec(request.url ?? '') ?? []
  const store = STORE_NAMES.find((known) => known === name)
  if (!store || !path) return undefined
  request.url = path
  const own = `${cookieName(store)}=`
  const cookies = request.headers.cookie?.split(/; */) ?? []
  const cookie = cookies.find((text) => text.startsWith(own))
  delete request.headers.cookie
  if (cookie) request.headers.cookie = `${SESSION_COOKIE}=${cookie.slice(own.length)}`
  return store
}

/** Gives the session's cookie in an answer the name that it has beside. */
export function renameCookies(answer: IncomingMessage, store: StoreName): void {
  const cookies = answer.headers['set-cookie']
  if (!cookies) return
  answer.headers['set-cookie'] = cookies.map((cookie) =>
    cookie.startsWith(`${SESSION_COOKIE}=`)
      ? cookieName(store) + cookie.slice(SESSION_COOKIE.length)
      : cookie,
  )
}

function cookieName(store: StoreName): string {
  return `beside-${store}`
}
