import type { IncomingMessage } from 'node:http'

/** Whether a person asked, by a browser, who is answered with a page; programs are answered in JSON. */
export function wantsPage(req: IncomingMessage): boolean {
  return req.headers.accept?.includes('text/html') ?? false
}
