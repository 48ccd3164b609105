// Tells a person's browser, which gets pages, from programs, which get JSON.
import type { IncomingMessage } from 'node:http'

/** @returns whether the client accepts HTML by name, as browsers do when they load a page or send a form. */
export function acceptsHtml(req: IncomingMessage): boolean {
  return req.headers.accept?.includes('text/html') ?? false
}
