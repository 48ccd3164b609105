// Schedules as a test that a mutant is tried with.
import { expect, it } from 'vitest'
import { ExactRedisStore } from '../../../src/store/index.js'
import { useRedis } from '../../support/use-redis.js'
import { explore } from '../schedules/explore.js'

const { client } = await useRedis('--enable-debug-command', 'yes')
const SCHEDULES = 250

it('break no promise of the store', { timeout: 60_000 }, async () => {
  const limits = { ms: 30_000, most: SCHEDULES, seed: 1, shrink: false }
  expect((await explore(ExactRedisStore, client, limits)).broken?.why).toBeUndefined()
})
