import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Express } from 'express'

/**
 * @returns a server for the app, which makes requests and responses with the app's prototypes: Express gives each its prototype
 *   otherwise, and an object whose prototype has changed is slow to use (4% of a visit).
 */
export function appServer(app: Express): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<AppRequest> {}
  app.request = Object.setPrototypeOf(AppRequest.prototype, app.request)
  app.response = Object.setPrototypeOf(AppResponse.prototype, app.response)
  return createServer({ IncomingMessage: AppRequest, ServerResponse: AppResponse }, app)
}
