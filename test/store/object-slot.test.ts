// What is remembered of an object.
import { expect, it } from 'vitest'
import { ObjectSlot } from '../../src/store/object-slot.js'

it('is found on the object, and on no copy, in no JSON and in no other slot', () => {
  const slot = new ObjectSlot<string>()
  const object = { a: 1 }
  expect(slot.get(object)).toBeUndefined()
  slot.set(object, 'first')
  slot.set(object, 'second')
  expect(slot.get(object)).toBe('second')
  expect(slot.get({ ...object })).toBeUndefined()
  expect(new ObjectSlot().get(object)).toBeUndefined()
  expect(JSON.stringify(object)).toBe('{"a":1}')
  expect(Object.keys(object)).toEqual(['a'])
  slot.set(object, undefined)
  expect(slot.get(object)).toBeUndefined()
})

it.each([Object.freeze, Object.seal, Object.preventExtensions])(
  'is found on one that takes no property: %o',
  (close) => {
    const slot = new ObjectSlot<string>()
    const [one, other] = [close({}) as object, close({}) as object]
    slot.set(one, 'one')
    slot.set(other, 'other')
    slot.set(one, 'again')
    expect([slot.get(one), slot.get(other), slot.get({})]).toEqual(['again', 'other', undefined])
  },
)

it('is found after the object was closed, and can be changed', () => {
  const slot = new ObjectSlot<string>()
  const object = {}
  slot.set(object, 'open')
  Object.freeze(object)
  expect(slot.get(object)).toBe('open')
  slot.set(object, 'closed')
  expect(slot.get(object)).toBe('closed')
})

it('is nothing of what is none', () => {
  const slot = new ObjectSlot<string>()
  expect([slot.get(undefined), slot.get(null)]).toEqual([undefined, undefined])
})
