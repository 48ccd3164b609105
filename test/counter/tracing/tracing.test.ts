import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { InstanceProcess } from '../../support/instance.js'
import { until } from '../../support/until.js'

interface Span {
  readonly traceId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
}
interface Traces {
  readonly resourceSpans: { resource: Pick<Span, 'attributes'>; scopeSpans: { spans: Span[] }[] }[]
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`

/** What a collector received. */
const received: Traces[] = []
const collector = createServer(async (req, res) => {
  if (req.url === '/v1/traces' && req.headers['content-type'] === 'application/json')
    received.push((await json(req)) as Traces)
  res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
})
let instance: InstanceProcess
let endpoint: string

beforeAll(async () => {
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
})
afterEach(async () => {
  received.length = 0
  await instance.end('SIGKILL')
})
afterAll(() => {
  collector.close()
})

const start = async (environment: Record<string, string>) => {
  instance = await InstanceProcess.start({ SESSION_STORE: 'memory', LOG_LEVEL: 'debug', ...environment })
}
const spans = () =>
  received.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  )

it('sends a span for each request, in the trace of its client, and logs the id of the trace', async () => {
  await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'counter of the test' })
  await fetch(instance.url, { headers: { traceparent: TRACEPARENT } })
  await fetch(`${instance.url}/api/session`)
  expect(await instance.end('SIGTERM')).toBe(0)

  expect(spans()).toHaveLength(2)
  expect(spans()[0]).toMatchObject({
    traceId: TRACE,
    parentSpanId: 'b7ad6b7169203331',
    name: 'GET /',
    kind: 2,
  })
  expect(spans()[1]).toMatchObject({ name: 'GET /api/session' })
  expect(spans()[1]?.traceId).not.toBe(TRACE)
  const text = JSON.stringify(received)
  expect(text).toContain('{"key":"http.response.status_code","value":{"intValue":404}}')
  expect(text).toContain('{"key":"service.name","value":{"stringValue":"counter of the test"}}')
  for (const { traceId } of spans())
    expect(instance.log.filter((line) => line.includes(`"trace_id":"${traceId}"`))).toHaveLength(1)
})

it('logs the id of the trace without any collector, if it is one', async () => {
  await start({})
  for (const traceparent of [TRACEPARENT, `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 'made up'])
    await fetch(instance.url, { headers: { traceparent } })
  await until(() => instance.log.filter((line) => line.includes('"request"')).length === 3)
  const logged = instance.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')
  expect(logged.map(({ trace_id }) => trace_id)).toEqual([TRACE, undefined, undefined])
  expect(spans()).toEqual([])
})

it('serves on, and says so in the log, while the collector is away', async () => {
  await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_SCHEDULE_DELAY: '100' })
  expect((await fetch(instance.url)).status).toBe(200)
  await instance.line(({ msg }) => msg === 'spans could not be sent')
  expect((await fetch(instance.url)).status).toBe(200)
  expect(await instance.end('SIGTERM')).toBe(0)
})
