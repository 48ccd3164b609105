import type { Request } from 'express'
import session from 'express-session'
import type { ExactRedisStore } from '../../src/store/index.js'

declare module 'express-session' {
  interface SessionData {
    /** A second counter of the tests. */
    clicks: number
  }
}

export type AnySession = session.Session & session.SessionData & Record<string, unknown>

/** Makes a session as express-session does for a browser without one. */
export function newSession(
  store: ExactRedisStore,
  sid: string,
  cookie: session.CookieOptions = {},
): AnySession {
  const req = { sessionID: sid, sessionStore: store } as unknown as Request
  const Session = session.Session as unknown as new (req: Request) => AnySession
  const Cookie = session.Cookie as unknown as new (options: session.CookieOptions) => session.Cookie
  req.session = new Session(req)
  req.session.cookie = new Cookie(cookie)
  return req.session as AnySession
}

/** Loads a session as express-session does for a browser with its cookie; throws where there is none. */
export async function load(store: ExactRedisStore, sid: string): Promise<AnySession> {
  const data = await store.get(sid)
  if (!data) throw new Error(`no session ${sid}`)
  return store.createSession(
    { sessionID: sid, sessionStore: store } as unknown as Request,
    data,
  ) as AnySession
}
