// Visits in the exact store: each is committed in the round trip that loads its session.
import type { Request, RequestHandler, Response } from 'express'
import {
  DurabilityUnsupportedError,
  ExactRedisStore,
  type ExactRedisStoreOptions,
} from '../../store/index.js'
import { SettingsError } from '../config/settings-error.js'
import { acceptsHtml } from '../http/accepts-html.js'
import { detachSession } from '../http/detach-session.js'
import { renewCookie } from '../http/renew-cookie.js'
import type { Instance } from '../instances/instance.js'
import type { Metrics } from '../metrics/metrics.js'
import { COUNTED, visitOf } from '../visit/count-visit.js'
import type { CountedVisit, CounterStore } from '../visit/counter-store.js'
import { idempotencyKeyOf } from '../visit/idempotency-key.js'
import { run } from './as-promise.js'
import { ExpressSessions, type SessionOptions } from './express-sessions.js'

const SHOWN_IN_JSON = ['visits']

interface ExactStoreParts extends SessionOptions {
  readonly options: ExactRedisStoreOptions
  readonly instance: Instance
  readonly metrics: Metrics
}

export class ExactStore extends ExpressSessions implements CounterStore {
  readonly name = 'exact'
  readonly #store: ExactRedisStore
  readonly #countOnLoad: RequestHandler

  constructor({ options, instance, metrics, ...sessionOptions }: ExactStoreParts) {
    const store = new ExactRedisStore({
      ...COUNTED,
      ...options,
      ttl: sessionOptions.ttlSeconds,
      onGone: 'error',
    })
    super(store, sessionOptions)
    this.#store = store
    this.#countOnLoad = store.updateOnLoad(this.sessions, (req) => ({
      ...visitOf(instance),
      idempotencyKey: idempotencyKeyOf(req),
      keys: acceptsHtml(req) ? undefined : SHOWN_IN_JSON,
    }))
    measure(store, metrics)
  }

  async visit(req: Request, res: Response): Promise<CountedVisit> {
    await run(this.#countOnLoad, req, res)
    const { visits = 0, trail = [], cookie } = req.session
    const first = req.sessionUpdate === 'created'
    if (!first && !cookie.expires) {
      renewCookie(req, res, this.secrets)
      // Nothing is left to store, and no cookie to set: express-session need not look for changes.
      detachSession(req)
    }
    return { visits, trail, first }
  }

  async check(): Promise<void> {
    try {
      await this.#store.check()
    } catch (error) {
      if (!(error instanceof DurabilityUnsupportedError)) throw error
      const { message: said } = error.cause as Error
      throw new SettingsError(
        'REDIS_DURABILITY',
        `disk needs Redis or Valkey 7.2, or later, and appendonly yes (this one says: ${said.trim()}); expected primary or replicas:N here`,
      )
    }
  }
}

function measure(store: ExactRedisStore, metrics: Metrics): void {
  store
    .on('load', (ms, outcome) => metrics.operation('get', outcome, ms / 1000))
    .on('commit', (ms, outcome) => metrics.operation('commit', outcome, ms / 1000))
    .on('touch', (ms, outcome) => metrics.operation('touch', outcome, ms / 1000))
    .on('destroy', (ms, outcome) => metrics.operation('destroy', outcome, ms / 1000))
    .on('regenerate', (ms, outcome) => metrics.operation('regenerate', outcome, ms / 1000))
    .on('retry', () => metrics.retry())
    .on('conflict', () => metrics.conflict())
    .on('duplicate', () => metrics.duplicate())
}
