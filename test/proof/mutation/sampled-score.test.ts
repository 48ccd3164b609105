import { expect, it } from 'vitest'
import { sampledScore } from './sampled-score.js'

it('each file counts by its mutants, however many of them were tried', () => {
  const even = sampledScore([
    { mutants: 900, tried: 90, noticed: 90 },
    { mutants: 100, tried: 100, noticed: 50 },
    { mutants: 50, tried: 0, noticed: 0 },
  ])
  expect(even).toMatchObject({ score: 95, mutants: 1_000 })
  // Of what was not tried, nothing is certain, though all that was tried was noticed.
  expect(even.margin).toBeGreaterThan(1)
})

it('of what was tried as a whole all is certain', () => {
  expect(sampledScore([{ mutants: 10, tried: 10, noticed: 9 }])).toEqual({
    score: 90,
    margin: 0,
    mutants: 10,
  })
})

it('the more were tried, the more is certain', () => {
  const marginOf = (tried: number) => sampledScore([{ mutants: 1_000, tried, noticed: tried * 0.8 }]).margin
  expect(marginOf(400)).toBeLessThan(marginOf(100) / 2)
  expect(marginOf(100)).toBeCloseTo(7.4, 0)
})
