// Measures the operations of a store that knows nothing of metrics, and names their failures.
import { type SessionData, Store } from 'express-session'
import { StoreUnavailable } from '../http/store-unavailable.js'
import type { Metrics, SessionOperation } from '../metrics/metrics.js'

type Callback<T = void> = (error?: unknown, result?: T) => void

/** A store whose operations are those of another one. */
export class MeasuredStore extends Store {
  readonly #store: Store
  readonly #metrics: Metrics

  constructor(store: Store, metrics: Metrics) {
    super()
    this.#store = store
    this.#metrics = metrics
  }

  override get(sid: string, callback: Callback<SessionData | null>): void {
    this.#store.get(sid, this.#measure('get', callback))
  }

  override set(sid: string, session: SessionData, callback: Callback): void {
    this.#store.set(sid, session, this.#measure('set', callback))
  }

  override touch(sid: string, session: SessionData, callback: Callback): void {
    this.#store.touch?.(sid, session, this.#measure('touch', callback))
  }

  override destroy(sid: string, callback: Callback): void {
    this.#store.destroy(sid, this.#measure('destroy', callback))
  }

  /** @returns a callback that ends the measurement which begins now; a failure is passed on as StoreUnavailable. */
  #measure<T>(operation: SessionOperation, callback: Callback<T>): Callback<T> {
    const started = performance.now()
    return (error, result) => {
      const seconds = (performance.now() - started) / 1000
      this.#metrics.operation(operation, error ? 'error' : 'ok', seconds)
      if (error) callback(new StoreUnavailable(operation, { cause: error }))
      else callback(null, result)
    }
  }
}
