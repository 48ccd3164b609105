import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fleet, startFleet } from '../../league/fleet.js'
import { STACKS } from '../../league/stacks.js'
import { runTrial } from '../../league/trials.js'

// Our own stack needs no package but this repository's.
const [exact] = STACKS
if (exact?.name !== 'exact') throw new Error('our own stack is the first')
let fleet: Fleet

beforeAll(async () => {
  fleet = await startFleet(exact)
}, 60_000)
afterAll(() => fleet.stop())

test('a stack is drilled with bursts and logouts, and its processor time and memory are measured', async () => {
  const { report, audited, problem } = await runTrial('bursts', exact, fleet, ['--visits', '400'])
  expect(problem).toBeUndefined()
  expect(report).toMatchObject({ verdict: 'held', visits: { acknowledged: 400, failed: 0 } })
  expect(report?.destroyed).toMatchObject({ judged: 100, resurrected: 0 })
  expect(report?.instances).toHaveLength(4)
  expect(audited).toBe(0)
  expect(fleet.apps().cpu).toBeGreaterThan(0)
  expect(fleet.apps().memory).toBeGreaterThan(fleet.redis().memory)
}, 90_000)

test('an instance is killed, Redis is killed and frozen, and each comes back', async () => {
  const { report } = await runTrial('faults', exact, fleet)
  expect(report).toMatchObject({ verdict: 'held', unjudged: { sessions: 0 } })
  const scenarios = report?.scenarios.map(({ name, problem }) => [name, problem])
  expect(scenarios).toEqual([
    ['instance-killed', undefined],
    ['redis-killed', undefined],
    ['redis-frozen', undefined],
  ])
  expect(report?.exercised.outages).toBeGreaterThan(0)
}, 180_000)
