import { type SessionData, Store } from 'express-session'
import { expect, it } from 'vitest'
import { StoreUnavailable } from '../../../src/counter/http/store-unavailable.js'
import { Metrics } from '../../../src/counter/metrics/metrics.js'
import { MeasuredStore } from '../../../src/counter/stores/measured-store.js'

/** Fails each operation while it has an error. */
class StubStore extends Store {
  error: Error | undefined
  readonly session = { cookie: { originalMaxAge: null } } as SessionData
  get(_sid: string, done: (error?: unknown, session?: SessionData) => void) {
    done(this.error, this.session)
  }
  set(_sid: string, _session: SessionData, done: (error?: unknown) => void) {
    done(this.error)
  }
  override touch(_sid: string, _session: SessionData, done: (error?: unknown) => void) {
    done(this.error)
  }
  destroy(_sid: string, done: (error?: unknown) => void) {
    done(this.error)
  }
}

it('passes results on, names failures, and counts both by operation', async () => {
  const inner = new StubStore()
  const metrics = new Metrics()
  const store = new MeasuredStore(inner, metrics)
  const results = () =>
    Promise.all([
      new Promise((done) => store.get('id', (error, session) => done(error ?? session))),
      new Promise((done) => store.set('id', inner.session, done)),
      new Promise((done) => store.touch('id', inner.session, done)),
      new Promise((done) => store.destroy('id', done)),
    ])
  expect(await results()).toEqual([inner.session, null, null, null])

  inner.error = new Error('connection lost')
  for (const failure of await results()) {
    expect(failure).toBeInstanceOf(StoreUnavailable)
    expect((failure as Error).cause).toBe(inner.error)
  }
  const text = await metrics.registry.metrics()
  for (const operation of ['get', 'set', 'touch', 'destroy'])
    for (const outcome of ['ok', 'error'])
      expect(text).toContain(
        `session_operation_duration_seconds_count{operation="${operation}",outcome="${outcome}"} 1`,
      )
})
