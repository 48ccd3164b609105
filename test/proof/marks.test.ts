import { describe, expect, it } from 'vitest'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { type AnySession, load, newSession } from '../store/requests.js'
import { useRedis } from '../support/use-redis.js'
import { ScheduledClient } from './schedules/scheduled-client.js'

/** How old marks and idempotency keys get that are still of use: 10 minutes, in s. */
const KEPT_SECONDS = 600
const KEY = 'sess:sid'

const { client } = await useRedis()
const common = { counters: ['visits'] as const, cappedLists: { trail: 20 } }
const storeOn = (on: ExactRedisStoreOptions['client'], deadlineMs = 5_000) =>
  new ExactRedisStore({ ...common, client: on, deadlineMs })

const create = (store: ExactRedisStore) =>
  store.commit(Object.assign(newSession(store, 'sid'), { visits: 1 }) as AnySession)
const visit = async (store: ExactRedisStore, idempotencyKey?: string) => {
  const session = await load(store, 'sid')
  session.visits += 1
  await store.commit(session, idempotencyKey === undefined ? {} : { idempotencyKey })
  return session.visits
}
const agesAgo = async (seconds: number) => Number((await client.time())[0]) - seconds

describe('the mark of a client', () => {
  it.each([
    ['usual', undefined],
    ['with an idempotency key', 'key'],
  ])(
    'is kept for 10 minutes, and taken out by the first commit after of another: a commit %s',
    async (_how, key) => {
      await create(storeOn(client))
      await client.hset(KEY, {
        '@wold': `7 ${await agesAgo(KEPT_SECONDS + 1)} [["ok",{"visits":1}]]`,
        '@wyoung': `7 ${await agesAgo(KEPT_SECONDS - 30)} [["ok",{"visits":1}]]`,
      })
      // Stores on one client share a mark.
      const other = client.duplicate()
      await visit(storeOn(other), key)
      other.disconnect()
      const fields = await client.hkeys(KEY)
      expect(fields).toContain('@wyoung')
      expect(fields).not.toContain('@wold')
    },
  )

  it('is not looked at for age by a client that has one', async () => {
    const store = storeOn(client)
    await create(store)
    await visit(store)
    await client.hset(KEY, '@wold', `7 ${await agesAgo(KEPT_SECONDS + 30)} [["ok",{}]]`)
    await visit(store)
    expect(await client.hexists(KEY, '@wold')).toBe(1)
  })
})

describe('an idempotency key', () => {
  it('is forgotten after 10 minutes, with the next that comes, and not before', async () => {
    const store = storeOn(client)
    await create(store)
    const lines = [
      `${await agesAgo(KEPT_SECONDS + 30)} "old" {"visits":41}`,
      `${await agesAgo(KEPT_SECONDS - 30)} "young" {"visits":42}`,
    ]
    await client.hset(KEY, '@keys', `${lines.join('\n')}\n`)
    expect(await visit(store, 'new')).toBe(2)
    expect(await visit(store, 'young')).toBe(42)
    expect(await visit(store, 'new')).toBe(2)
    expect(await visit(store, 'old')).toBe(3)
    expect(await client.hget(KEY, ':visits')).toBe('3')
  })
})

describe('a commit that arrives after a later one of its client', () => {
  it.each([
    ['usual', undefined],
    ['with an idempotency key', 'key'],
  ])('changes nothing: a commit %s', async (_how, key) => {
    await create(storeOn(client))
    const scheduled = new ScheduledClient(([name, ...args]) => client.call(String(name), ...args), 'rejects')
    const store = storeOn(scheduled as unknown as ExactRedisStoreOptions['client'], 200)
    /** Lets all pass until the operation has settled. */
    const passing = async <T>(operation: Promise<T>): Promise<T> => {
      let settled = false
      operation
        .catch(() => {})
        .finally(() => {
          settled = true
        })
      while (!settled) {
        await scheduled.take()
        scheduled.reply()
        await new Promise((resolve) => setImmediate(resolve))
      }
      return operation
    }
    await passing(visit(store))
    const slow = await passing(load(store, 'sid'))
    slow.visits += 1
    // It is on its way when the connection is lost, and each that is made after; so it is given up.
    const commit = store.commit(slow, key === undefined ? {} : { idempotencyKey: key })
    scheduled.cut(1)
    await expect(commit).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    scheduled.cut(0)
    expect(await passing(visit(store))).toBe(3)
    // Its answer, which nobody hears, says so: an error, or nothing.
    expect(await scheduled.takeLate()).toMatch(key === undefined ? /→ null$|STALE/ : /→ error STALE/)
    expect(await client.hget(KEY, ':visits')).toBe('3')
  })
})
