// The Idempotency-Key of a request: a repeat of the same click counts nothing.
import type { Request } from 'express'
import { Problem } from '../http/problem.js'

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** @throws Problem (400) for a key that isn't accepted. */
export function idempotencyKeyOf(req: Request): string | undefined {
  const key = req.method === 'POST' ? req.get('Idempotency-Key') : undefined
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
    throw new Problem(400, 'Idempotency-Key takes 1 to 255 visible ASCII characters.')
  return key
}
