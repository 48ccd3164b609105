import type { Response } from 'express'

/** Answers in JSON, in one write. res.json would look for what these answers never have: a tag, a charset, a copy to compare. */
export function answerJson(res: Response, body: object): void {
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.end(JSON.stringify(body))
}
