// Stands in for vitest in the bundle that a mutant is tried with: the same tests by vitest's own runner and matchers, without the
// second or two that vitest takes to start.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  type ExpectStatic,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'
import { fn, spyOn } from '@vitest/spy'

export {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  it,
  onTestFinished,
  suite,
  test,
} from '@vitest/runner'

export const vi = { fn, spyOn }

/** How long a condition is waited for, in ms: on a quiet machine each comes within a fraction of it. On a busy one each look takes longer. */
const POLL_MS = 4_000
const LOOK_MS = 20

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

const global = globalThis as unknown as Record<symbol, object>

export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  global[ASYMMETRIC_MATCHERS_OBJECT],
  { poll },
) as unknown as ExpectStatic
global[GLOBAL_EXPECT] = expect
setState({ assertionCalls: 0, isExpectingAssertions: false }, expect)
// JestExtend has put it there.
;(chai.expect as unknown as { extend: (expect: ExpectStatic, matchers: object) => void }).extend(
  expect,
  customMatchers,
)

type Matchers = Record<string | symbol, (...args: unknown[]) => unknown>

function poll(look: () => unknown, { timeout = POLL_MS } = {}): unknown {
  const matching = (negated: boolean): unknown =>
    new Proxy(
      {},
      {
        get: (_target, name) => {
          if (name === 'not') return matching(!negated)
          return async (...args: unknown[]) => {
            for (let left = timeout; ; left -= LOOK_MS) {
              try {
                const found = expect(await look())
                return await ((negated ? found.not : found) as unknown as Matchers)[name]?.(...args)
              } catch (error) {
                if (left <= 0) throw error
                await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
              }
            }
          }
        },
      },
    )
  return matching(false)
}
