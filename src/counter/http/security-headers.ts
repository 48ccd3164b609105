// The security headers of each answer: only what this origin serves is loaded, without inline scripts and styles.
import type { RequestHandler } from 'express'

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join(';')

/**
 * TLS ends at the ingress, so Strict-Transport-Security is for the ingress to set; Referrer-Policy is in the documents
 * (html-document.ts).
 */
export const securityHeaders: RequestHandler = function securityHeaders(_req, res, next) {
  res.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY)
  res.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  // Unless an answer says otherwise, as the assets do.
  res.setHeader('Cache-Control', 'no-store')
  next()
}
