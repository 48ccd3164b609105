import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DurabilityOption } from '../../../src/store/index.js'
import { CountedVisits, type Outcome } from '../../support/counted-visits.js'
import { RedisSentinels } from '../../support/redis-sentinels.js'

type Fault = 'killPrimary' | 'killCarelessly' | 'failOver' | 'handOver' | 'freezePrimary' | 'replicaAway'

/** All rows of docs/notes/faults.md, and at their length, take DURABILITY_TABLE=1. */
const LONG = process.env.DURABILITY_TABLE !== undefined
const PATIENCE_MS = 600_000
/** What failovers may cost at most: as in the app by default. */
const DEADLINE_MS = 5_000
const MODES = {
  primary: 'primary',
  'replicas:1': { replicas: 1 },
  'replicas:2': { replicas: 2 },
} satisfies Record<string, DurabilityOption>
type Mode = keyof typeof MODES

let redis: RedisSentinels
let visits: CountedVisits

beforeAll(async () => {
  redis = await RedisSentinels.start()
})
afterAll(() => redis.stop())
afterEach(() => visits.end())

const begin = async (mode: Mode, deadlineMs: number) => {
  await redis.settled()
  await (await redis.primary()).client.flushall()
  visits = new CountedVisits(redis.settings, MODES[mode], deadlineMs)
  visits.start()
  await visits.more()
}
const end = async (mode: Mode, fault: string): Promise<Outcome> => {
  await redis.settled()
  const { client } = await redis.primary()
  const outcome = await visits.stop(client)
  process.stdout.write(`${mode} | ${fault} | ${JSON.stringify(outcome)}\n`)
  return outcome
}
const run = async (mode: Mode, fault: Fault, rounds: number, deadlineMs: number) => {
  await begin(mode, deadlineMs)
  for (let round = 0; round < rounds; round += 1) {
    await FAULTS[fault]()
    await visits.more()
  }
  return end(mode, `${rounds} × ${fault}`)
}
const FAULTS: Record<Fault, () => Promise<void>> = {
  killPrimary: () => redis.killPrimary(),
  killCarelessly: () => redis.killCarelessly(),
  failOver: () => redis.failOver(),
  handOver: () => redis.handOver(),
  freezePrimary: async () => {
    const { server } = await redis.primary()
    server.freeze()
    await redis.succeeded(server).finally(() => server.thaw())
    await redis.settled()
  },
  replicaAway: async () => {
    const bringBack = await redis.killReplica()
    await visits.more().finally(bringBack)
  },
}
const KEPT = { lost: 0, doubled: 0, resurrected: 0 }

describe('visits under way and sessions being destroyed: nothing is lost, doubled or brought back', () => {
  it.each<[Mode, number, Fault]>([
    ['replicas:1', LONG ? 20 : 5, 'killPrimary'],
    ['replicas:1', LONG ? 20 : 3, 'killCarelessly'],
    ['replicas:1', LONG ? 10 : 5, 'failOver'],
    ['replicas:1', LONG ? 10 : 2, 'freezePrimary'],
    ['replicas:2', LONG ? 10 : 2, 'killPrimary'],
    ['replicas:2', LONG ? 10 : 2, 'failOver'],
    ['replicas:2', LONG ? 10 : 1, 'freezePrimary'],
  ])(
    'with %s, %i × %s',
    async (mode, rounds, fault) => {
      expect(await run(mode, fault, rounds, 15_000)).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it(
    'with replicas:1, and none of them fails, when a replica dies and comes back',
    async () => {
      const outcome = await run('replicas:1', 'replicaAway', LONG ? 10 : 2, DEADLINE_MS)
      expect(outcome).toMatchObject({ ...KEPT, failed: 0 })
    },
    PATIENCE_MS,
  )

  it(
    'and a replica that dies is waited for while too few Sentinels can say that nobody chooses it',
    async () => {
      await begin('replicas:1', 2_000)
      const bringBack = await redis.killReplica()
      await redis.killSentinels()
      await visits.failures()
      await redis.startSentinels()
      await visits.more().finally(bringBack)
      expect(await end('replicas:1', 'Sentinels and a replica gone')).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it(
    'when all Sentinels die; with them again a lost connection is made anew',
    async () => {
      await begin('replicas:1', 15_000)
      const { client } = await redis.primary()
      await redis.killSentinels()
      await visits.more()
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await redis.startSentinels()
      await visits.more()
      expect(await end('replicas:1', 'Sentinels gone')).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )

  it(
    'when a Sentinel is frozen: it is passed over',
    async () => {
      await begin('replicas:1', 15_000)
      const { client } = await redis.primary()
      const [first] = redis.sentinels
      first?.process?.kill('SIGSTOP')
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await visits.more().finally(() => first?.process?.kill('SIGCONT'))
      expect(await end('replicas:1', 'a Sentinel frozen')).toMatchObject(KEPT)
    },
    PATIENCE_MS,
  )
})

if (LONG) {
  it.each<[Mode, number, Fault]>([
    ['primary', 10, 'killPrimary'],
    ['primary', 10, 'failOver'],
    ['replicas:1', 10, 'handOver'],
  ])(
    '%s, %i × %s, which promises nothing',
    async (mode, rounds, fault) => {
      expect((await run(mode, fault, rounds, DEADLINE_MS)).doubled).toBe(0)
    },
    PATIENCE_MS,
  )
}
