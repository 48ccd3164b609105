// Answers with JSON, without what Express looks up for each answer.
import type { Response } from 'express'

/**
 * As `res.json` does where neither ETags nor its settings for JSON are used. That one looks them up for each answer: 6% of the
 * CPU of a visit.
 */
export function answerJson(res: Response, body: object): void {
  const text = JSON.stringify(body)
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  // Without it express-session, when it has something to save or to extend first, sends the answer in chunks.
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(text)
}
