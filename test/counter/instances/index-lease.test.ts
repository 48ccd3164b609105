import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { IndexLease, type Numbered } from '../../../src/counter/instances/index-lease.js'
import { RedisServer } from '../../support/redis-server.js'

let server: RedisServer
let client: Redis

beforeAll(async () => {
  server = await RedisServer.start()
  client = new Redis(server.url)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

/** Instances of a group, by name, each with its lease. */
function group(version: string, ...names: string[]) {
  const instances: Numbered[] = names.map((id) => ({ id: `${id} of ${version}`, index: null }))
  const leases = instances.map(
    (instance) => new IndexLease(client, `redissessions:indexes:${version}`, instance),
  )
  const renewAll = async (...skip: number[]) => {
    for (const [i, lease] of leases.entries()) if (!skip.includes(i)) await lease.renew()
    return instances.map(({ index }) => index)
  }
  return { leases, renewAll }
}

test('n instances have the indexes 0 to n - 1, and keep them', async () => {
  const { renewAll } = group('kept', 'a', 'b', 'c', 'd')
  expect(await renewAll()).toEqual([0, 1, 2, 3])
  expect(await renewAll()).toEqual([0, 1, 2, 3])
})

test('all at once, too', async () => {
  const { leases, renewAll } = group('at once', 'a', 'b', 'c', 'd')
  await Promise.all(leases.map((lease) => lease.renew()))
  expect((await renewAll()).sort()).toEqual([0, 1, 2, 3])
})

test('a successor that starts before its predecessor is gone moves into the gap, and nobody else does', async () => {
  const { leases, renewAll } = group('successor', 'a', 'b', 'c', 'successor of a')
  expect(await renewAll()).toEqual([0, 1, 2, 3])
  await leases[0]?.release()
  expect((await renewAll(0)).slice(1)).toEqual([1, 2, 0])
})

test('the last one left has the index 0', async () => {
  const { leases, renewAll } = group('scaled in', 'a', 'b', 'c')
  await renewAll()
  await leases[0]?.release()
  await leases[1]?.release()
  expect((await renewAll(0, 1))[2]).toBe(0)
})

test('the index of one that died without a word is free when its lease has ended', async () => {
  const { renewAll } = group('killed', 'a', 'b', 'c')
  await renewAll()
  await client.hset('redissessions:indexes:killed', '0', '1 a of killed')
  expect((await renewAll(0)).slice(1)).toEqual([1, 0])
})

test('the next version starts at 0 beside the old one, as a rolling push on Cloud Foundry does', async () => {
  expect(await group('v1', 'a', 'b').renewAll()).toEqual([0, 1])
  expect(await group('v2', 'c').renewAll()).toEqual([0])
})
