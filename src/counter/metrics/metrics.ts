// The metrics of one instance.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type SessionOperation = 'get' | 'set' | 'touch' | 'destroy' | 'regenerate' | 'commit'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** In Prometheus' terms; the number of label values is bounded. */
export class Metrics {
  readonly registry = new Registry()

  readonly #requestSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from request to answer, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  })

  readonly #operationSeconds = new Histogram({
    name: 'session_operation_duration_seconds',
    help: 'Time that an operation on the session store took, by outcome: ok, gone or error.',
    labelNames: ['operation', 'outcome'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  })

  readonly #created = new Counter({
    name: 'sessions_created_total',
    help: 'Sessions created by a first visit to this instance.',
    registers: [this.registry],
  })

  readonly #conflicts = new Counter({
    name: 'session_conflicts_total',
    help: 'Commits that were merged with a concurrent commit to the same session.',
    registers: [this.registry],
  })

  readonly #retries = new Counter({
    name: 'session_retries_total',
    help: 'Operations that were sent to Redis again after a failure.',
    registers: [this.registry],
  })

  readonly #duplicates = new Counter({
    name: 'session_duplicates_total',
    help: 'Commits with an Idempotency-Key that was committed before; they were not applied again.',
    registers: [this.registry],
  })

  readonly #redisUp = new Gauge({
    name: 'redis_up',
    help: '1 while Redis answers, else 0.',
    registers: [this.registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.registry })
  }

  request(method: string, route: string | undefined, status: number | 'aborted', seconds: number): void {
    const known = METHODS.has(method) ? method : 'other'
    this.#requestSeconds.observe({ method: known, route: route ?? 'none', status }, seconds)
  }

  operation(operation: SessionOperation, outcome: 'ok' | 'gone' | 'error', seconds: number): void {
    this.#operationSeconds.observe({ operation, outcome }, seconds)
  }

  sessionCreated(): void {
    this.#created.inc()
  }

  conflict(): void {
    this.#conflicts.inc()
  }

  retry(): void {
    this.#retries.inc()
  }

  duplicate(): void {
    this.#duplicates.inc()
  }

  redisUp(up: boolean): void {
    this.#redisUp.set(up ? 1 : 0)
  }
}
