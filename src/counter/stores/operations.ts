import type { Store } from 'express-session'
import { SessionGoneError } from '../../store/index.js'
import type { Metrics, SessionOperation } from '../metrics/metrics.js'
import { StoreUnavailable } from './store-errors.js'

type Done = (error?: unknown, ...results: unknown[]) => void
type Method = (this: Store, ...args: unknown[]) => unknown

/**
 * Makes each operation of a store that express-session calls one that begin() measures and names the failure of.
 * @returns the same store.
 */
export function reporting<S extends Store>(store: S, metrics: Metrics): S {
  for (const operation of ['get', 'set', 'touch', 'destroy', 'regenerate'] as const) {
    const original = Reflect.get(store, operation) as Method
    Reflect.set(store, operation, function reportingOperation(this: Store, ...args: unknown[]) {
      const last = args.at(-1)
      // Without a callback a store calls itself.
      if (typeof last !== 'function') return original.apply(this, args)
      const done = last as Done
      const end = begin(operation, metrics)
      // What is answered within the call never left this process: no operation on the store.
      let within = true
      const answered: Done = (error, ...results) => done(within ? error : end(error), ...results)
      const returned = original.call(this, ...args.slice(0, -1), answered)
      within = false
      return returned
    })
  }
  return store
}

/**
 * Begins one operation on the store.
 * @returns how to end it: it is measured, and the error that it failed with is made the one to pass on: StoreUnavailable, so
 *   that it is told from other errors of a request, or SessionGoneError as it is.
 */
export function begin(operation: SessionOperation, metrics: Metrics): (error?: unknown) => unknown {
  const started = performance.now()
  return (error) => {
    const gone = error instanceof SessionGoneError
    const outcome = error ? (gone ? 'gone' : 'error') : 'ok'
    metrics.operation(operation, outcome, (performance.now() - started) / 1000)
    return error && !gone ? new StoreUnavailable(operation, { cause: error }) : error
  }
}
