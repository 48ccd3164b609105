/** Takes the session off a request: what express-session finds there at its end, it saves or touches. */
export function leaveSession(req: { session?: unknown }): void {
  // (Express-session's types know of no request without one.) Not deleted: that makes a request slow to read.
  req.session = undefined
}
