import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Commit } from '../../src/store/commit.js'
import { RedisServer } from '../support/redis-server.js'
import { openQueue } from './commit-queue.js'

let server: RedisServer
let client: Redis

beforeAll(async () => {
  server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
  client = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null })
  client.on('error', () => {})
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

const commit = (mode: Commit['mode'], by: number): Commit => ({
  mode,
  ttlMs: 60_000,
  idempotencyKey: '',
  legacy: undefined,
  change: {
    set: new Map(),
    deleted: new Set(),
    added: new Map([['visits', { by, total: by }]]),
    appended: new Map([['trail', [`"${by}"`]]]),
  },
  reads: [],
  expiry: { kind: 'sliding', ms: 60_000 },
  cappedLists: new Map([['trail', 20]]),
})

/** The first two commits of a client; those that Redis knows already are sent again. */
const firstAndSecond = async () => {
  const { queue, deadline } = openQueue(client, 'client', 10_000)
  await queue.send('session', commit('create', 1), deadline())
  await queue.send('session', commit('update', 10), deadline())
}
const stored = () => client.hmget('session', ':visits', ':trail')

it('a commit that a crash tore in the append-only file counts once when it is sent again, over two more crashes', async () => {
  const files = join(server.folder, 'appendonlydir')
  const file = join(files, readdirSync(files).find((name) => name.endsWith('.incr.aof')) ?? '')
  await firstAndSecond()
  const whole = readFileSync(file)
  const copy = join(server.folder, 'copy')
  await server.kill()
  cpSync(files, copy, { recursive: true })

  // In the middle of each command of the last transaction.
  const last = whole.lastIndexOf('MULTI')
  const commands = [
    ...whole
      .subarray(last)
      .toString('latin1')
      .matchAll(/\r\n\*/g),
  ].map(({ index }) => last + index)
  expect(commands.length).toBeGreaterThan(4)
  for (const at of commands) {
    rmSync(files, { recursive: true })
    cpSync(copy, files, { recursive: true })
    writeFileSync(file, whole.subarray(0, at + 10))
    await server.start()
    expect(await stored()).toEqual(['1', '["1"]'])
    await firstAndSecond()
    for (let crash = 0; crash < 2; crash += 1) {
      await server.kill()
      await server.start()
      expect(await stored()).toEqual(['11', '["1",\n"10"]'])
    }
    await server.kill()
  }
}, 120_000)
