// Serves the metrics on a port of their own, so that the public port never shows them.
import { createServer, type Server } from 'node:http'
import type { Metrics } from './metrics.js'

/** @returns a server that doesn't listen yet. */
export function metricsServer({ registry }: Metrics): Server {
  return createServer(async (req, res) => {
    if (req.method !== 'GET' || req.url?.split('?')[0] !== '/metrics') {
      res.writeHead(404).end()
      return
    }
    const text = await registry.metrics()
    res.writeHead(200, { 'Content-Type': registry.contentType }).end(text)
  })
}
