// Sends a span for each request to an OpenTelemetry collector, by OTLP (HTTP, JSON). Loaded only if its endpoint is set: without
// it the SDK costs no memory. The SDK reads the other OTEL_ variables itself.
import { DiagLogLevel, diag, ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Request, RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { Instance } from '../instances/instance.js'

export interface Tracing {
  readonly middleware: RequestHandler
  /** Sends what is left. */
  stop(): Promise<void>
}

const headers = {
  keys: (req: Request) => Object.keys(req.headers),
  get: (req: Request, name: string) => req.headers[name],
}

export function startTracing(instance: Instance, log: Logger): Tracing {
  const ignore = () => {}
  const error = (message: string) => log.warn({ detail: message }, 'spans could not be sent')
  diag.setLogger({ error, warn: ignore, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.ERROR)

  const own = resourceFromAttributes({ 'service.name': 'redissessions', 'service.instance.id': instance.id })
  const provider = new BasicTracerProvider({
    // What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say wins.
    resource: own.merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  const tracer = provider.getTracer('redissessions')
  const propagator = new W3CTraceContextPropagator()

  const middleware: RequestHandler = function trace(req, res, next) {
    const parent = propagator.extract(ROOT_CONTEXT, req, headers)
    const { method, path } = req
    const attributes = { 'http.request.method': method, 'url.path': path, 'url.scheme': req.protocol }
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent)
    req.traceId = span.spanContext().traceId
    res.on('close', () => {
      const route: unknown = req.route?.path
      if (typeof route === 'string') span.updateName(`${method} ${route}`).setAttribute('http.route', route)
      if (res.writableFinished) span.setAttribute('http.response.status_code', res.statusCode)
      if (!res.writableFinished || res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    next()
  }
  return { middleware, stop: () => provider.shutdown() }
}
