import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CountedVisits, type Outcome } from '../support/counted-visits.js'
import { RedisCluster } from '../support/redis-cluster.js'

const PATIENCE_MS = 150_000
const KEYS = ['sess:a', 'sess:b', 'sess:c']

let redis: RedisCluster
let visits: CountedVisits

beforeAll(async () => {
  redis = await RedisCluster.start(1)
})
afterAll(() => redis.stop())
beforeEach(async () => {
  await redis.empty()
  visits = new CountedVisits(redis.settings, 'primary')
  visits.start()
  await visits.more()
})
afterEach(() => visits.end())

const end = async (mode: string, fault: string): Promise<Outcome> => {
  await redis.settled()
  const client = redis.connect()
  const outcome = await visits.stop(client)
  process.stdout.write(`Cluster, ${mode} | ${fault} | ${JSON.stringify(outcome)}\n`)
  client.disconnect()
  return outcome
}
const times = async (rounds: number, fault: 'killPrimary' | 'failOver' | 'depose' | 'freezePrimary') => {
  for (let round = 0; round < rounds; round += 1) {
    await redis[fault](KEYS[round % KEYS.length] ?? '')
    await visits.more()
  }
}

describe('in a Cluster of three primaries with a replica each, visits under way and sessions being destroyed,', () => {
  it(
    'six primaries killed and back: what replication had not passed on is lost, nothing counts twice, all goes on',
    async () => {
      await times(6, 'killPrimary')
      expect((await end('primary', '6 × SIGKILL')).doubled).toBe(0)
    },
    PATIENCE_MS,
  )

  it(
    'six times CLUSTER FAILOVER, which waits for the replica: nothing is lost, nothing comes back',
    async () => {
      await times(6, 'failOver')
      expect(await end('primary', '6 × CLUSTER FAILOVER')).toMatchObject({
        lost: 0,
        doubled: 0,
        resurrected: 0,
      })
    },
    PATIENCE_MS,
  )

  it(
    'six times CLUSTER FAILOVER FORCE, which does not: as with those that are killed',
    async () => {
      await times(6, 'depose')
      expect((await end('primary', '6 × CLUSTER FAILOVER FORCE')).doubled).toBe(0)
    },
    PATIENCE_MS,
  )

  it(
    'two primaries frozen, and back after the failover',
    async () => {
      await times(2, 'freezePrimary')
      expect((await end('primary', '2 × SIGSTOP')).doubled).toBe(0)
    },
    PATIENCE_MS,
  )
})
