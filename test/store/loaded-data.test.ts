// What copies of loaded data say of what it was loaded as.
import { expect, it } from 'vitest'
import type { HeldSessionContext } from '../../src/store/held-session.js'
import { heldOfCopy, tag, untag } from '../../src/store/loaded-data.js'
import type { LoadedSession } from '../../src/store/session-codec.js'

const context = {} as HeldSessionContext
const loaded = (): LoadedSession => ({
  sid: 'sid',
  counts: true,
  base: new Map(),
  legacy: undefined,
  ttlMs: 1,
  expiry: undefined,
  extendedAt: 0,
  unextended: undefined,
})
const tagged = () => {
  const data = { a: 1 }
  tag(data, loaded())
  return data
}
/** As decorators and @fastify/session copy. */
const copyOf = (data: object) => {
  const copy: Record<string, unknown> = {}
  for (const name in data) copy[name] = data[name as keyof typeof data]
  return copy
}
const heldOf = (data: object, { sid = 'sid', isSession = false } = {}) =>
  heldOfCopy(context, sid, data, isSession)

it('a copy by for…in tells what its data was loaded as; JSON and keys do not', () => {
  const data = tagged()
  expect(heldOf(copyOf(data))?.sid).toBe('sid')
  expect(heldOf(data)?.sid).toBe('sid')
  expect(JSON.stringify(copyOf(data))).toBe('{"a":1}')
  expect(Object.keys(data)).toEqual(['a'])
  expect(heldOf({ ...data })).toBeUndefined()
  expect(heldOf({ a: 1 })).toBeUndefined()
  expect(heldOf({ exactSession: { loaded: loaded() } })).toBeUndefined()
  expect(heldOf(copyOf(data), { sid: 'another' })).toBeUndefined()
})

it('plain copies of one load are one session, which holds what the last of them does', () => {
  const data = tagged()
  const held = heldOf(copyOf(data))
  expect(heldOf(copyOf(data))).toBe(held)
  expect(heldOf(copyOf(tagged()))).not.toBe(held)
})

it('session objects of one load are each its own', () => {
  const data = tagged()
  const one = heldOf(copyOf(data), { isSession: true })
  expect(one?.sid).toBe('sid')
  expect(heldOf(copyOf(data), { isSession: true })).not.toBe(one)
  expect(heldOf(copyOf(data))).not.toBe(one)
})

it('what became a session tells it no more', () => {
  const data = tagged()
  expect(untag(data)?.sid).toBe('sid')
  expect(heldOf(copyOf(data))).toBeUndefined()
  expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
})

it('data that was not loaded stays what it is', () => {
  class Own {}
  const data = new Own()
  expect(untag(data)).toBeUndefined()
  expect(data).toBeInstanceOf(Own)
})
