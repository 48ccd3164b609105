import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http'
import type { Express } from 'express'

/**
 * @returns a server that hands requests to the listener, and with it to the app; it makes requests and responses with the app's prototypes: Express gives each its prototype
 *   otherwise, and an object whose prototype has changed is slow to use (4% of a visit).
 */
export function appServer(app: Express, listener: RequestListener): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<AppRequest> {}
  app.request = Object.setPrototypeOf(AppRequest.prototype, app.request)
  app.response = Object.setPrototypeOf(AppResponse.prototype, app.response)
  return createServer({ IncomingMessage: AppRequest, ServerResponse: AppResponse }, listener)
}
