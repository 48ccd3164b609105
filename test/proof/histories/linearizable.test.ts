import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judge, type Operation, smallestViolation } from './linearizable.js'
import { SESSION_MODEL, type SessionInput, type SessionOutput, type SessionState } from './session-model.js'

type History = Operation<SessionInput, SessionOutput>[]

const START = { visits: 1, keys: new Map() }
const RUNS = { numRuns: 500 }

const input: fc.Arbitrary<SessionInput> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'visit' } as const) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('visit' as const), key: fc.constantFrom('a', 'b') }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'read' } as const) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'destroy' } as const, { kind: 'regenerate' } as const) },
)

/** A history that has an explanation: operations that took effect at 0, 10, 20…, called before and answered after. */
const executed = fc
  .array(
    fc.record({
      input,
      before: fc.nat(40),
      after: fc.nat(40),
      fate: fc.constantFrom('answered', 'answered', 'answered', 'applied', 'not applied'),
    }),
    { maxLength: 25 },
  )
  .map((steps) => {
    let state: SessionState = START
    return steps.map(({ input, before, after, fate }, i): History[number] => {
      const [next, output] = SESSION_MODEL.apply(state, input)
      if (fate !== 'not applied') state = next
      const called = i * 10 - before
      // Without an answer it may be called long before it takes effect.
      return {
        client: `${i}`,
        input,
        called,
        returned: i * 10 + after,
        output: fate === 'answered' ? output : undefined,
      }
    })
  })

const judged = (history: History) => judge(SESSION_MODEL, START, history)
const visit = (called: number, returned: number, output?: SessionOutput, key?: string) => ({
  client: 'c',
  input: { kind: 'visit', key } as const,
  called,
  returned,
  output,
})
const other = (
  kind: 'read' | 'destroy' | 'regenerate',
  called: number,
  returned: number,
  output?: SessionOutput,
) => ({ client: 'c', input: { kind }, called, returned, output })

describe('the checker of histories', () => {
  it('accepts what was executed one after the other, whatever overlaps and is left unanswered', () => {
    fc.assert(
      fc.property(executed, (history) => {
        expect(judged(history)).toBe('linearizable')
      }),
      RUNS,
    )
  })

  it('accepts it in whatever order it was noted', () => {
    fc.assert(
      fc.property(
        executed.chain((history) => fc.shuffledSubarray(history, { minLength: history.length })),
        (history) => {
          expect(judged(history)).toBe('linearizable')
        },
      ),
      RUNS,
    )
  })

  it('accepts less than was seen: without some of the reads and answers', () => {
    fc.assert(
      fc.property(executed, fc.infiniteStream(fc.boolean()), (history, coin) => {
        const less = history.flatMap((operation) => {
          if (!coin.next().value) return [operation]
          return operation.input.kind === 'read' ? [] : [{ ...operation, output: undefined }]
        })
        expect(judged(less)).toBe('linearizable')
      }),
      RUNS,
    )
  })

  it('rejects a number that no order gives: the same for two visits, or more than there were', () => {
    fc.assert(
      fc.property(executed, fc.nat(), fc.integer({ min: 1, max: 3 }), (history, at, by) => {
        const counted = history.filter(
          ({ input, output }) =>
            input.kind === 'visit' && input.key === undefined && typeof output === 'number',
        )
        const one = counted[at % counted.length]
        const two = counted[(at + by) % counted.length]
        if (one && two && one !== two) {
          const repeated = history.map((operation) =>
            operation === two ? { ...two, output: one.output } : operation,
          )
          expect(judged(repeated)).toBe('violation')
        }
        if (one) {
          const high = history.map((operation) =>
            operation === one ? { ...one, output: history.length + 1 + by } : operation,
          )
          expect(judged(high)).toBe('violation')
        }
      }),
      RUNS,
    )
  })

  it('rejects a session that comes back, and an answer from before its call', () => {
    fc.assert(
      fc.property(executed, (history) => {
        const end = Math.max(0, ...history.map(({ returned }) => returned)) + 100
        const ended = [...history, other('destroy', end, end + 1, 'done')]
        expect(judged([...ended, other('read', end + 2, end + 3, 'absent')])).toBe('linearizable')
        expect(judged([...ended, other('read', end + 2, end + 3, 1)])).toBe('violation')
        expect(judged([other('read', -200, -100, 2), ...history])).toBe('violation')
      }),
      RUNS,
    )
  })

  it.each<[string, History, string]>([
    ['two visits at once, with different numbers', [visit(0, 9, 3), visit(1, 8, 2)], 'linearizable'],
    ['two visits at once, with the same number', [visit(0, 9, 2), visit(1, 8, 2)], 'violation'],
    ['a later visit with the smaller number', [visit(0, 1, 3), visit(2, 3, 2)], 'violation'],
    ['a key on two instances at once', [visit(0, 9, 2, 'k'), visit(1, 8, 2, 'k')], 'linearizable'],
    ['a key that counts twice', [visit(0, 1, 2, 'k'), visit(2, 3, 3, 'k')], 'violation'],
    [
      'a visit without an answer that shows later',
      [visit(0, 1), other('read', 5, 6, 1), other('read', 7, 8, 2)],
      'linearizable',
    ],
    [
      'a visit without an answer that shows and vanishes',
      [visit(0, 1), other('read', 5, 6, 2), other('read', 7, 8, 1)],
      'violation',
    ],
    ['a visit that is seen before its call', [other('read', 0, 1, 2), visit(2, 3, 2)], 'violation'],
    [
      'gone but counted',
      [visit(0, 9, 'absent'), other('read', 1, 2, 2), other('destroy', 3, 4, 'done')],
      'violation',
    ],
    ['a visit that was lost', [visit(0, 1, 2), other('regenerate', 2, 3, 1)], 'violation'],
    [
      'a visit while the session gets a new id',
      [visit(0, 9, 'absent'), other('regenerate', 2, 3, 1)],
      'linearizable',
    ],
  ])('judges %s', (_name, history, wanted) => {
    expect(judged(history)).toBe(wanted)
  })

  it('gives up where it is told to, and says so', () => {
    const visits = Array.from({ length: 12 }, (_, i) => visit(0, 100, i === 11 ? 12 : i + 2))
    expect(judge(SESSION_MODEL, START, visits, 10)).toBe('undecided')
    expect(judged(visits)).toBe('violation')
  })
})

describe('the smallest violation', () => {
  it('is of the two operations that contradict each other, wherever they are', () => {
    const quiet = [visit(0, 1, 2), other('read', 2, 3, 2), visit(4, 9, 3), visit(4, 9, 4, 'k')]
    const later = [visit(30, 31, 6), other('read', 32, 33, 6)]
    const guilty = [visit(10, 20, 5), visit(11, 21, 5)]
    expect(smallestViolation(SESSION_MODEL, START, [...quiet, ...guilty, ...later])).toEqual(guilty)
  })

  it('is a violation by itself, from any history', () => {
    fc.assert(
      fc.property(executed, fc.nat(), fc.nat(8), (history, at, number) => {
        const wrong = history.map((operation, i) =>
          i === at % history.length && operation.output !== undefined && operation.input.kind !== 'destroy'
            ? { ...operation, output: number }
            : operation,
        )
        if (judged(wrong) !== 'violation') return
        const smallest = smallestViolation(SESSION_MODEL, START, wrong)
        expect(smallest.length).toBeGreaterThan(0)
        const rest = wrong.map((operation) => {
          const kept = smallest.some(({ client }) => client === operation.client)
          return kept ? operation : { ...operation, output: undefined }
        })
        expect(judged(rest)).toBe('violation')
      }),
      { numRuns: 200 },
    )
  })
})
