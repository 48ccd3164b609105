import { describe, expect, it } from 'vitest'
import { useRedis } from '../../support/use-redis.js'
import { BUGS } from './bugs.js'
import { buildStore, buildWith, explore } from './explore.js'

const { client } = await useRedis('--enable-debug-command', 'yes')

/** Each bug is found within a minute, most within seconds; on a machine that is busy with more it may take longer. */
const PATIENCE_MS = 240_000

describe('schedules', () => {
  it('break no promise of the store', { timeout: 60_000 }, async () => {
    const { schedules, broken } = await explore(await buildStore(), client, { ms: 10_000, seed: 1 })
    expect(broken).toBeUndefined()
    expect(schedules).toBeGreaterThan(0)
  })

  it.each(Object.entries(BUGS))('find that %s', { timeout: PATIENCE_MS + 60_000 }, async (_name, edits) => {
    const { broken } = await explore(await buildWith(edits), client, { ms: PATIENCE_MS, seed: 1 })
    expect(broken?.why).toEqual(expect.any(String))
  })
})
