import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Anomaly } from '../../../src/drill/books/anomaly.js'
import { type Attempt, type Finding, SessionBook } from '../../../src/drill/books/session-book.js'

const countOf = (findings: Finding[], anomaly: Anomaly) =>
  findings.filter((finding) => finding.anomaly === anomaly).reduce((sum, { count }) => sum + count, 0)

// One step of a history: a visit is sent; the server counts one of those under way; or one gets its answer, or never.
const step = fc.oneof(
  fc.record({ do: fc.constant('send' as const) }),
  fc.record({ do: fc.constantFrom('count' as const, 'answer' as const, 'drop' as const), which: fc.nat(9) }),
)

test('a correct server is never accused: delayed, reordered, lost requests and lost answers', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 0, max: 5 }), (steps, first) => {
      const book = new SessionBook(first)
      const underWay: { attempt: Attempt; number?: number }[] = []
      let stored = 0
      const findings: Finding[] = []
      for (const step of steps) {
        if (step.do === 'send') {
          underWay.push({ attempt: book.attempt() })
          continue
        }
        const at = step.which % Math.max(1, underWay.length)
        const visit = underWay[at]
        if (!visit) continue
        if (step.do === 'count') visit.number ??= first + stored++
        if (step.do === 'answer' && visit.number !== undefined) {
          findings.push(...book.acknowledge(visit.attempt, visit.number))
          underWay.splice(at, 1)
        }
        if (step.do === 'drop') underWay.splice(at, 1)
      }
      findings.push(...book.settle(stored))
      expect(findings).toEqual([])
    }),
    { numRuns: 500 },
  )
})

// A session of one browser that sends a visit after the other; each fault changes what the server does with it.
const fault = fc.constantFrom('none', 'none', 'none', 'unanswered', 'not stored', 'twice')

test('what is missing or too much in the end is found, to the visit, where no failure hides it', () => {
  fc.assert(
    fc.property(fc.array(fault, { minLength: 1, maxLength: 100 }), (faults) => {
      const book = new SessionBook()
      let stored = 0
      const findings: Finding[] = []
      for (const fault of faults) {
        const attempt = book.attempt()
        if (fault === 'unanswered') {
          stored++
          continue
        }
        const number = stored + 1
        if (fault === 'none') stored++
        if (fault === 'twice') stored += 2
        findings.push(...book.acknowledge(attempt, number))
      }
      findings.push(...book.settle(stored))
      expect(countOf(findings, 'lost')).toBeGreaterThanOrEqual(book.acknowledged - stored)
      expect(countOf(findings, 'doubleCounted')).toBeGreaterThanOrEqual(stored - book.attempted)
      const clean = faults.every((fault) => fault === 'none' || fault === 'unanswered')
      if (clean) expect(findings).toEqual([])
      if (!faults.includes('unanswered') && !faults.includes('twice'))
        expect(countOf(findings, 'lost')).toBe(faults.filter((fault) => fault === 'not stored').length)
      if (!faults.includes('not stored'))
        expect(countOf(findings, 'doubleCounted')).toBe(faults.filter((fault) => fault === 'twice').length)
    }),
  )
})

test('a loss that a double count makes up for is found all the same', () => {
  const book = new SessionBook()
  const findings = [1, 2, 2, 4].flatMap((number) => book.acknowledge(book.attempt(), number))
  expect(book.settle(4)).toEqual([])
  expect(countOf(findings, 'lost')).toBe(1)
  const more = new SessionBook()
  const surplus = [1, 3, 3].flatMap((number) => more.acknowledge(more.attempt(), number))
  expect(countOf(surplus, 'doubleCounted')).toBe(1)
})

test('going back is judged by what was acknowledged before the visit was sent', () => {
  const book = new SessionBook()
  const [a, b] = [book.attempt(), book.attempt()]
  expect(book.acknowledge(b, 2)).toEqual([])
  expect(book.acknowledge(a, 1)).toEqual([])
  const late = book.attempt()
  expect(book.acknowledge(book.attempt(), 3)).toEqual([])
  expect(book.acknowledge(late, 2).map(({ anomaly }) => anomaly)).toEqual([
    'wentBack',
    'duplicateNumber',
    'lost',
  ])
})

test('a session that starts over is one reset, and late answers of the old one are left alone', () => {
  const book = new SessionBook()
  book.acknowledge(book.attempt(), 1)
  const [a, b, c] = [book.attempt(), book.attempt(), book.attempt()]
  expect(book.acknowledge(a, 1, { newSession: true })).toEqual([{ anomaly: 'reset', count: 1 }])
  expect(book.isCurrent(b)).toBe(false)
  expect(book.acknowledge(b, 1, { newSession: true })).toEqual([])
  expect(book.acknowledge(c, 2)).toEqual([])
  expect(book.acknowledge(book.attempt(), 2)).toEqual([])
  expect(book.settle(2)).toEqual([{ anomaly: 'lost', count: 3 }])
})

test('a new cookie for a session that goes on counting is none', () => {
  const book = new SessionBook()
  book.acknowledge(book.attempt(), 1)
  expect(book.acknowledge(book.attempt(), 2, { newSession: true })).toEqual([])
  expect(book.settle(2)).toEqual([])
})

test('a visit retried under its key may count once only', () => {
  const book = new SessionBook()
  const attempt = book.attempt()
  book.retry(attempt)
  expect(book.acknowledge(attempt, 2)).toEqual([{ anomaly: 'doubleCounted', count: 1 }])
})

test('a session that ended with its cookie is not judged, and the next one is', () => {
  const book = new SessionBook()
  for (let visit = 1; visit <= 3; visit++) book.acknowledge(book.attempt(), visit)
  book.ended()
  for (let visit = 1; visit <= 3; visit++) expect(book.acknowledge(book.attempt(), visit)).toEqual([])
  expect(book.isRight(3)).toBe(true)
  expect(book.isRight(6)).toBe(false)
  expect(book.settle(2)).toEqual([{ anomaly: 'lost', count: 1 }])
})
