import type { Request } from 'express'

/** Takes the session off a request: what express-session finds there at its end, it saves or touches. */
export function leaveSession(req: Request): void {
  // Not deleted: that makes a request slow to read.
  Reflect.set(req, 'session', undefined)
}
