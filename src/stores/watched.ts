import type { Store } from 'express-session'
import type { Metrics, SessionOperation } from '../metrics/metrics.js'
import { SessionGoneError } from './exact/index.js'
import { StoreUnavailable } from './store-errors.js'

type Done = (error?: unknown, ...results: unknown[]) => void
type Method = (this: Store, ...args: unknown[]) => unknown

/**
 * Measures each operation of a store that express-session calls, and makes its failures StoreUnavailable, so that they are
 * told from other errors of a request.
 * @returns the same store.
 */
export function watched<S extends Store>(store: S, metrics: Metrics): S {
  for (const operation of ['get', 'set', 'touch', 'destroy', 'regenerate'] as const) {
    const original = Reflect.get(store, operation) as Method
    Reflect.set(store, operation, function watchedOperation(this: Store, ...args: unknown[]) {
      const last = args.at(-1)
      // Without a callback a store calls itself.
      if (typeof last !== 'function') return original.apply(this, args)
      const done = last as Done
      const finish = measure(operation, metrics)
      // What is answered within the call never left this process: no operation on the store.
      let within = true
      const answered: Done = (error, ...results) => done(within ? error : finish(error), ...results)
      const returned = original.call(this, ...args.slice(0, -1), answered)
      within = false
      return returned
    })
  }
  return store
}

/** Measures one operation; its result takes the error that the operation ended with, and returns the one to pass on. */
export function measure(operation: SessionOperation, metrics: Metrics): (error?: unknown) => unknown {
  const started = performance.now()
  return (error) => {
    const gone = error instanceof SessionGoneError
    const outcome = error ? (gone ? 'gone' : 'error') : 'ok'
    metrics.operation(operation, outcome, (performance.now() - started) / 1000)
    return error && !gone ? new StoreUnavailable(operation, { cause: error }) : error
  }
}
