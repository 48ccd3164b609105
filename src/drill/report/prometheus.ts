// Metrics for Prometheus while the drill runs, and marks from outside.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ANOMALIES, type Anomaly } from '../books/anomaly.js'
import type { Live } from '../drill.js'
import { decoded } from '../journey/where.js'
import { plainText } from '../plain-text.js'

/** The names that a k6 script gives its thresholds, too. */
const NAMES: Readonly<Record<Anomaly, [name: string, help: string]>> = {
  lost: ['sessions_lost', 'Acknowledged visits that are not in the count.'],
  doubleCounted: ['double_counted', 'Visits that the count has more than were sent.'],
  duplicateNumber: ['seen_twice', 'Numbers that two visits of a session got.'],
  wentBack: ['went_back', 'Numbers not above one acknowledged before.'],
  reset: ['sessions_reset', 'Sessions that started over.'],
  resurrected: ['sessions_resurrected', 'Destroyed sessions that came back.'],
}

/** @returns the metrics in Prometheus' text format */
export function metricsOf({ journal }: Live): string {
  const { attempted, acknowledged, failed, retried, requests } = journal.counts
  const latency = journal.latency.summary()
  const metrics: [name: string, type: string, help: string, samples: [labels: string, value: number][]][] = [
    ['drill_visits_attempted_total', 'counter', 'Visits sent.', [['', attempted]]],
    ['drill_visits_acknowledged_total', 'counter', 'Visits answered with a number.', [['', acknowledged]]],
    ['drill_visits_failed_total', 'counter', 'Visits given up.', [['', failed]]],
    ['drill_visits_retried_total', 'counter', 'Visits acknowledged only when retried.', [['', retried]]],
    ['drill_requests_total', 'counter', 'Requests sent.', [['', requests]]],
    [
      'drill_request_failures_total',
      'counter',
      'Requests without a usable answer, by class.',
      [...journal.failures].map(([reason, count]): [string, number] => [
        `{reason="${label(reason)}"}`,
        count,
      ]),
    ],
    ...ANOMALIES.map((anomaly): [string, string, string, [string, number][]] => {
      const [name, help] = NAMES[anomaly]
      return [`drill_${name}_total`, 'counter', help, [['', journal.anomalies[anomaly]]]]
    }),
    [
      'drill_instance_visits_total',
      'counter',
      'Visits acknowledged, by the instance that answered.',
      [...journal.instances].map(([id, { visits }]): [string, number] => [
        `{instance_id="${label(id)}"}`,
        visits,
      ]),
    ],
    [
      'drill_latency_seconds',
      'gauge',
      'Latency since the warm-up, from when visits were due.',
      latency
        ? [
            ['{quantile="0.5"}', latency.p50 / 1000],
            ['{quantile="0.9"}', latency.p90 / 1000],
            ['{quantile="0.99"}', latency.p99 / 1000],
          ]
        : [],
    ],
  ]
  return metrics
    .map(([name, type, help, samples]) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
      ].join('\n'),
    )
    .join('\n')
    .concat('\n')
}

/**
 * Serves GET /metrics, and POST /mark/NAME, which notes an event on the timeline.
 * @param port on 127.0.0.1; 0 for a free one
 */
export async function serveMetrics(live: Live, port: number): Promise<{ port: number; close(): void }> {
  const server = createServer((request, response) => {
    const mark = /^\/mark\/([^/?]{1,100})$/.exec(request.url ?? '')?.[1]
    if (request.method === 'GET' && request.url === '/metrics')
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(metricsOf(live))
    else if (request.method === 'POST' && mark !== undefined) {
      live.journal.event(`mark: ${plainText(decoded(mark) ?? '')}`)
      response.writeHead(204).end()
    } else response.writeHead(404).end()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

function label(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
