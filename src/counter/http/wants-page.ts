import type { Request } from 'express'

/** Whether a person asked, by a browser, who is answered with a page; programs are answered in JSON. */
export function wantsPage(req: Request): boolean {
  return req.headers.accept?.includes('text/html') ?? false
}
