import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readTrail, stepOf } from '../../src/counter/visit/trail.js'

it('a step is read as the instance and the time that it was made of', () => {
  const instances = fc.record({
    id: fc.stringMatching(/^\S(.*\S)?$/),
    index: fc.option(fc.nat()),
  })
  fc.assert(
    fc.property(instances, (instance) => {
      const before = Date.now()
      const [visit] = readTrail([stepOf(instance)])
      expect(visit?.instance).toEqual(instance)
      expect(visit?.at).toBeGreaterThanOrEqual(before)
      expect(visit?.at).toBeLessThanOrEqual(Date.now())
    }),
  )
})

it('steps of version 0.1.0 are read, among new ones', () => {
  expect(readTrail(['1795926048904 - pod-7', 'miwnnt54 0 325c8255', '1795926048905 2 a b'])).toEqual([
    { at: 1_795_926_048_904, instance: { id: 'pod-7', index: null } },
    { at: Number.parseInt('miwnnt54', 36), instance: { id: '325c8255', index: 0 } },
    { at: 1_795_926_048_905, instance: { id: 'a b', index: 2 } },
  ])
})

it.each(['', 'now', '1795926048', 'soon 0 a', '-1795926048904 0 a'])('%o has no time', (step) => {
  expect(readTrail([step])[0]?.at).toBeNaN()
})

it('what is no text is left out', () => {
  expect(readTrail([1, null, { at: 2 }])).toEqual([])
})
