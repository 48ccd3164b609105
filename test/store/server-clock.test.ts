// By what clock the marks of commits are as old as they are.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ServerClock } from '../../src/store/server-clock.js'
import { fakeClient } from './fake-client.js'

let now = 0
let clock: { mockRestore(): void }
beforeEach(() => {
  now = 5_000
  clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => clock.mockRestore())

/** A clock of a Redis that answers when it is told to. */
function open(primaries = 1) {
  const asked: { command: unknown[]; answer: (reply: unknown) => Promise<void> }[] = []
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
  const call = (...command: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      const answer = (reply: unknown) => {
        if (reply instanceof Error) reject(reply)
        else resolve(reply)
        return settled()
      }
      asked.push({ command, answer })
    })
  const servers = Array.from({ length: primaries }, () => ({ call, script: call }))
  return { clock: new ServerClock(fakeClient({ primaries: () => servers })), asked }
}

it('is Redis’ own: unknown until Redis says it, and then goes on with this process', async () => {
  const { clock, asked } = open()
  expect(clock.now()).toBeUndefined()
  expect(asked.map(({ command }) => command)).toEqual([['TIME']])
  await asked[0]?.answer(['1700000000', '600000'])
  expect(clock.now()).toBe(1_700_000_000)
  now += 399
  expect(clock.now()).toBe(1_700_000_000)
  now += 2
  expect(clock.now()).toBe(1_700_000_001)
  now += 10_000
  expect(clock.now()).toBe(1_700_000_011)
})

it('is asked for once a minute, and kept until another answer comes', async () => {
  const { clock, asked } = open()
  clock.now()
  await asked[0]?.answer(['1700000000', '0'])
  now += 60_000
  clock.now()
  expect(asked).toHaveLength(1)
  now += 1
  expect(clock.now()).toBe(1_700_000_060)
  expect(asked).toHaveLength(2)
  clock.now()
  expect(asked).toHaveLength(2)
  await asked[1]?.answer(['1700009000', '0'])
  expect(clock.now()).toBe(1_700_009_000)
})

it.each([
  ['an error', new Error('NOPERM')],
  ['no reply of TIME', 'PONG'],
  ['an empty one', []],
])('stays unknown after %s', async (_what, reply) => {
  const { clock, asked } = open()
  clock.now()
  await asked[0]?.answer(reply)
  expect(clock.now()).toBeUndefined()
})

it('is that of a server that says no parts of a second, too', async () => {
  const { clock, asked } = open()
  clock.now()
  await asked[0]?.answer(['1700000000'])
  expect(clock.now()).toBe(1_700_000_000)
})

it('is unknown while no server is', async () => {
  const { clock } = open(0)
  expect(clock.now()).toBeUndefined()
  await new Promise((resolve) => setImmediate(resolve))
  expect(clock.now()).toBeUndefined()
})
