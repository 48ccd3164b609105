import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { RequestHandler } from 'express'
import helmet from 'helmet'

const helmetHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // Without TLS browsers ignore these two, and complain of them in the console.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  // Says how a document asks: html-document.ts has it.
  referrerPolicy: false,
  // TLS ends at the ingress: whether there is any is its to say.
  strictTransportSecurity: false,
  // Of browsers and plug-ins that are gone; frame-ancestors has taken the place of X-Frame-Options.
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
})

/**
 * The security headers: nothing but what this origin serves, and no inline script or style; and no cache, unless an answer
 * says otherwise. They are the same for each answer, so helmet is asked once.
 */
export function securityHeaders(): RequestHandler {
  const model = new ServerResponse(new IncomingMessage(new Socket()))
  helmetHeaders(model.req, model, () => {})
  model.setHeader('Cache-Control', 'no-store')
  const headers = Object.entries(model.getHeaders()) as [string, string][]
  return function securityHeaders(_req, res, next) {
    for (const header of headers) res.setHeader(header[0], header[1])
    next()
  }
}
