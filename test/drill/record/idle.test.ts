import { expect, test } from 'vitest'
import { idleInstances, type Presence } from '../../../src/drill/record/idle.js'
import type { SeriesRow } from '../../../src/drill/record/series.js'

/** A row for each second: how many visits each instance answered. */
const seriesOf = (...seconds: Record<string, number>[]): SeriesRow[] =>
  seconds.map((counts, second) => ({
    second,
    acknowledged: Object.values(counts).reduce((sum, count) => sum + count, 0),
    failed: 0,
    anomalies: 0,
    p99: 1,
    instances: Object.fromEntries(
      Object.entries(counts).map(([id, acknowledged]) => [id, { acknowledged, p99: 1 }]),
    ),
  }))

/** Presences as the answers show them. */
function seenIn(series: SeriesRow[]): Presence[] {
  const ids = [...new Set(series.flatMap(({ instances }) => Object.keys(instances)))]
  return ids.map((id) => {
    const seen = series.filter(({ instances }) => instances[id])
    const firstAt = (seen[0]?.second ?? 0) * 1000
    const lastAt = (seen.at(-1)?.second ?? 0) * 1000 + 900
    const visits = seen.reduce((sum, { instances }) => sum + (instances[id]?.acknowledged ?? 0), 0)
    return { id, readyAt: firstAt, firstAt, lastAt, visits, goneAt: undefined }
  })
}

const idleIn = (series: SeriesRow[], more: Presence[] = []) =>
  idleInstances(series, [...seenIn(series), ...more])
const seconds = (count: number, row: Record<string, number>) => Array.from({ length: count }, () => row)

test('one that answered a visit and no more is idle, if the others were busy', () => {
  const scaled = seriesOf(...seconds(10, { a: 100 }), { a: 97, b: 1, c: 1 }, ...seconds(10, { a: 100 }))
  expect(idleIn(scaled)).toEqual(['b', 'c'])
})

test('one that is ready and never answers is idle', () => {
  const never = { id: 'd', readyAt: 5000, firstAt: 5000, lastAt: 20_000, visits: 0, goneAt: undefined }
  expect(idleIn(seriesOf(...seconds(20, { a: 100 })), [never])).toEqual(['d'])
})

test('one that carried its share and was stopped is not', () => {
  expect(idleIn(seriesOf(...seconds(2, { a: 50, b: 50 }), ...seconds(30, { a: 100 })))).toEqual([])
  expect(idleIn(seriesOf(...seconds(1, { a: 50, b: 50 }), ...seconds(30, { a: 100 })))).toEqual([])
})

test('one with a small but fair share is not, nor is any when there is next to no load', () => {
  expect(idleIn(seriesOf(...seconds(20, { a: 60, b: 25, c: 15 })))).toEqual([])
  expect(idleIn(seriesOf(...seconds(20, { a: 1 }), { a: 1, b: 1 }))).toEqual([])
})

test('one that was stopped right after it was ready is not', () => {
  const gone = { id: 'd', readyAt: 5000, firstAt: 5000, lastAt: 5000, visits: 0, goneAt: 5200 }
  expect(idleIn(seriesOf(...seconds(20, { a: 100 })), [gone])).toEqual([])
})
