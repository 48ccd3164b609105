// Traces the store: `node --import ./examples/opentelemetry.js examples/express.js` sends the spans of each request, and under
// it those of its session, to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names.
import { tracingChannel } from 'node:diagnostics_channel'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] })
provider.register()
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] })

const tracer = trace.getTracer('exact-sessions')
const spans = new WeakMap()

for (const operation of ['load', 'commit', 'touch', 'destroy', 'regenerate', 'wait']) {
  tracingChannel(`exact-sessions:${operation}`).subscribe({
    start(message) {
      const { attributes } = message
      spans.set(
        message,
        tracer.startSpan(`session ${operation}`, { kind: SpanKind.CLIENT, attributes }, context.active()),
      )
    },
    error(message) {
      spans.get(message)?.setAttributes(message.attributes).setStatus({ code: SpanStatusCode.ERROR })
    },
    asyncEnd(message) {
      spans.get(message)?.end()
    },
  })
}

process.on('SIGTERM', () => provider.shutdown().finally(() => process.exit()))
