import type { RequestHandler } from 'express'
import helmet from 'helmet'

/** The security headers: nothing but what this origin serves, and no inline script or style. */
export function securityHeaders(): RequestHandler {
  return helmet({
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
    // With no-referrer a form on a page that came without TLS would say `Origin: null`: same-origin.ts couldn't tell it.
    referrerPolicy: { policy: 'same-origin' },
    // TLS ends at the ingress: whether there is any is its to say.
    strictTransportSecurity: false,
  })
}
