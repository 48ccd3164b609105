import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DurabilityOption } from '../../../src/store/index.js'
import { CountedVisits, type Outcome } from '../../support/counted-visits.js'
import { drilled } from '../../support/drilled.js'
import { InstanceProcess } from '../../support/instance.js'
import { RedisCluster } from '../../support/redis-cluster.js'

/** The rows of docs/notes/faults.md, at their length: DURABILITY_TABLE=1. */
const LONGER = process.env.DURABILITY_TABLE ? 4 : 1
const PATIENCE_MS = 150_000 * LONGER

let redis: RedisCluster
let visits: CountedVisits

beforeAll(async () => {
  redis = await RedisCluster.start(1)
})
afterAll(() => redis.stop())
/** @param tag its own ids for each run: a replica that takes the lead may not have heard yet that the others' were deleted. */
const begin = async (durability: DurabilityOption, tag: string) => {
  await redis.empty()
  visits = new CountedVisits(redis.settings, durability, 15_000, tag)
  visits.start()
  await visits.more()
}

const end = async (mode: string, fault: string): Promise<Outcome> => {
  await redis.settled()
  const client = redis.connect()
  const outcome = await visits.stop(client)
  process.stdout.write(`Cluster, ${mode} | ${fault} | ${JSON.stringify(outcome)}\n`)
  client.disconnect()
  return outcome
}
type Fault = 'killPrimary' | 'failOver' | 'depose' | 'freezePrimary'
const run = async (mode: string, durability: DurabilityOption, fault: Fault, times: number) => {
  const tag = `${mode} ${fault} `
  await begin(durability, tag)
  for (let round = 0; round < times * LONGER; round += 1) {
    await redis[fault](`sess:${tag}${'abc'[round % 3]}`)
    await visits.more()
  }
  return end(mode, `${times * LONGER} × ${fault}`)
}

const KEPT = { lost: 0, doubled: 0, resurrected: 0 }

describe('in a Cluster of three primaries with a replica each, visits under way and sessions being destroyed,', () => {
  afterEach(() => visits.end())

  it.each([
    ['killPrimary', 5],
    ['depose', 5],
    ['freezePrimary', 2],
  ] as const)(
    'with durability primary, %s %i times: what replication had not passed on is lost, nothing counts twice, all goes on',
    async (fault, times) => {
      expect((await run('primary', 'primary', fault, times)).doubled).toBe(0)
    },
    PATIENCE_MS,
  )

  it(
    'with durability primary, failOver, which waits for the replica: nothing is lost, nothing comes back',
    async () => {
      expect(await run('primary', 'primary', 'failOver', 5)).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it.each([
    ['killPrimary', 5],
    ['depose', 5],
    ['failOver', 5],
    ['freezePrimary', 2],
  ] as const)(
    'with replicas:1, %s %i times: nothing is lost, nothing comes back',
    async (fault, times) => {
      expect(await run('replicas:1', { replicas: 1 }, fault, times)).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )
})

it(
  'an instance with REDIS_DURABILITY=replicas:1 counts on after a primary of its Cluster has died; 503 at most',
  async () => {
    await redis.empty()
    const instance = await InstanceProcess.start({
      REDIS_MODE: 'cluster',
      REDIS_NODES: redis.addresses.map(({ host, port }) => `${host}:${port}`).join(),
      REDIS_DURABILITY: 'replicas:1',
    })
    try {
      const damage = await drilled(instance.url, () => redis.killPrimary('sess:a'))
      process.stdout.write(`Cluster, replicas:1, instance | SIGKILL | ${JSON.stringify(damage)}\n`)
      expect(damage).toMatchObject({ ...KEPT, otherwise: 0 })
      expect(Object.keys(damage.how).filter((how) => how !== '503')).toEqual([])
    } finally {
      await instance.end('SIGKILL')
    }
  },
  PATIENCE_MS,
)
