import type { Request } from 'express'
import { call } from './call.js'

declare module 'express-session' {
  interface SessionData {
    /** The visit that each recent Idempotency-Key was answered with. */
    answers: Record<string, number>
  }
}

const ANSWERS_KEPT = 64

/**
 * Commits as express-session's own documentation has it: save, and wait for it. Keys are kept in the session itself, so
 * two requests at once with the same key may both count, as may any two requests in these stores.
 * @returns the visits that this commit made, or those that the key's first commit made.
 * @throws what the store failed with.
 */
export async function saveAndWait(req: Request, idempotencyKey?: string): Promise<number> {
  const { session } = req
  if (idempotencyKey !== undefined) {
    const answers = Object.entries(session.answers ?? {})
    const first = answers.find(([key]) => key === idempotencyKey)?.[1]
    if (first !== undefined) {
      await call((done) => session.reload(done))
      return first
    }
    session.answers = Object.fromEntries(
      [...answers, [idempotencyKey, session.visits ?? 0]].slice(-ANSWERS_KEPT),
    )
  }
  await call((done) => session.save(done))
  return session.visits ?? 0
}
