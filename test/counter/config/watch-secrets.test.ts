import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watchSecrets } from '../../../src/counter/config/watch-secrets.js'

const EVERY_MS = 2_000

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('a half-written file is not believed: what two reads in a row found is', () => {
  const secrets = ['old']
  let file = 'old'
  const log = pino({ enabled: false })
  watchSecrets(secrets, () => file.split(' '), log)

  file = 'ne'
  vi.advanceTimersByTime(EVERY_MS)
  expect(secrets).toEqual(['old'])
  file = 'new'
  vi.advanceTimersByTime(EVERY_MS)
  expect(secrets).toEqual(['old'])
  file = 'new old'
  vi.advanceTimersByTime(EVERY_MS)
  expect(secrets).toEqual(['old'])
  vi.advanceTimersByTime(EVERY_MS)
  expect(secrets).toEqual(['new', 'old'])
})
