import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DurabilityOption } from '../../src/stores/exact/index.js'
import { CountedVisits, type Outcome } from '../support/counted-visits.js'
import { RedisSentinels } from '../support/redis-sentinels.js'

const PATIENCE_MS = 150_000
/** Rows of docs/durability.md that promise nothing, and so are only printed: DURABILITY_TABLE=1. */
const MEASURED: readonly [string, DurabilityOption, 'killPrimary' | 'failOver' | 'handOver'][] = [
  ['primary', 'primary', 'killPrimary'],
  ['primary', 'primary', 'failOver'],
  ['replicas:1', { waitReplicas: 1 }, 'killPrimary'],
  ['replicas:1', { waitReplicas: 1 }, 'failOver'],
  ['replicas:1', { waitReplicas: 1 }, 'handOver'],
]

let redis: RedisSentinels
let visits: CountedVisits

beforeAll(async () => {
  redis = await RedisSentinels.start()
})
afterAll(() => redis.stop())
afterEach(() => visits.end())

const begin = async (durability: DurabilityOption, deadlineMs?: number) => {
  await redis.settled()
  await (await redis.primary()).client.flushall()
  visits = new CountedVisits(redis.settings, durability, deadlineMs)
  visits.start()
  await visits.more()
}
const end = async (mode: string, fault: string): Promise<Outcome> => {
  await redis.settled()
  const { client } = await redis.primary()
  const outcome = await visits.stop(client)
  process.stdout.write(`${mode} | ${fault} | ${JSON.stringify(outcome)}\n`)
  return outcome
}
const tenTimes = async (fault: 'killPrimary' | 'failOver' | 'handOver') => {
  for (let round = 0; round < 10; round += 1) {
    await redis[fault]()
    await visits.more()
  }
}
const KEPT = { lost: 0, doubled: 0, resurrected: 0 }

// Both replicas: so it doesn't matter which one the Sentinels choose, or that the old primary and the other one go on meanwhile.
describe('with replicas:2, visits under way and sessions being destroyed,', () => {
  beforeEach(() => begin({ waitReplicas: 2 }))

  it.each(['killPrimary', 'failOver'] as const)(
    'ten times %s loses nothing, doubles nothing and brings nothing back',
    async (fault) => {
      await tenTimes(fault)
      expect(await end('replicas:2', `10 × ${fault}`)).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it(
    'a primary that was paused, and comes back after the failover, takes none',
    async () => {
      for (let round = 0; round < 2; round += 1) {
        const { server } = await redis.primary()
        server.freeze()
        await redis.succeeded(server).finally(() => server.thaw())
        await redis.settled()
        await visits.more()
      }
      expect(await end('replicas:2', '2 × SIGSTOP')).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it(
    'the death of all Sentinels goes unnoticed; with them again a lost connection is made anew',
    async () => {
      const { client } = await redis.primary()
      await redis.killSentinels()
      await visits.more()
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await redis.startSentinels()
      await visits.more()
      expect(await end('replicas:2', 'Sentinels gone')).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it(
    'a frozen Sentinel is passed over',
    async () => {
      const { client } = await redis.primary()
      const [first] = redis.sentinels
      first?.process?.kill('SIGSTOP')
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await visits.more().finally(() => first?.process?.kill('SIGCONT'))
      expect(await end('replicas:2', 'a Sentinel frozen')).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )
})

if (process.env.DURABILITY_TABLE) {
  it.each(MEASURED)(
    '%s: %o, ten times %s',
    async (mode, durability, fault) => {
      await begin(durability)
      await tenTimes(fault)
      expect((await end(mode, `10 × ${fault}`)).doubled).toBe(0)
    },
    PATIENCE_MS,
  )
}
