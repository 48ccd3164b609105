import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NumberSet } from '../../../src/drill/books/number-set.js'

test('knows a number again, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (numbers) => {
      const known = new Set<number>()
      const set = new NumberSet()
      for (const number of numbers) {
        expect(set.add(number)).toBe(!known.has(number))
        known.add(number)
      }
    }),
  )
})

test('out of room it forgets, but never claims to have seen a new number', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 })), (numbers) => {
      const known = new Set<number>()
      const set = new NumberSet(4)
      for (const number of numbers) {
        if (!known.has(number)) expect(set.add(number)).toBe(true)
        else set.add(number)
        known.add(number)
      }
    }),
  )
})
