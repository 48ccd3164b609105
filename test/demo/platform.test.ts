import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Platform, type PlatformOptions, startPlatform } from '../../src/demo/platform.js'
import { closedPort } from '../support/free-port.js'
import { RedisServer } from '../support/redis-server.js'

let dataFolder: string
let platform: Platform | undefined
const said: string[] = []

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'redissessions-platform-'))
})
afterEach(async () => {
  await platform?.stop()
  platform = undefined
  rmSync(dataFolder, { recursive: true, force: true })
})

async function start(options: Partial<PlatformOptions> = {}): Promise<Platform> {
  const say = (line: string) => said.push(line)
  platform = await startPlatform({ store: 'memory', instances: 2, dataFolder, port: 0, say, ...options })
  return platform
}

/** The indexes of the instances that answer, in as many requests as there could be instances. */
async function answering(url: string): Promise<number[]> {
  const indexes = new Set<number>()
  for (let request = 0; request < 6; request++) {
    const answer = await fetch(url, { headers: { accept: 'application/json' } })
    indexes.add(((await answer.json()) as { instance: { index: number } }).instance.index)
  }
  return [...indexes].sort()
}

it('scales the instances up and down', async () => {
  const { url, scale } = await start()
  expect(await answering(url)).toEqual([0, 1])
  await scale(3)
  expect(await answering(url)).toEqual([0, 1, 2])
  await scale(1)
  expect(await answering(url)).toEqual([0])
})

it('uses a Redis that is given, and leaves it alone', async () => {
  const given = await RedisServer.start()
  try {
    const { redis, stopRedis, stop, url } = await start({ redisUrl: given.url, store: 'connect-redis' })
    expect(redis).toMatchObject({ url: given.url, ours: false })
    expect(await answering(url)).toEqual([0, 1])
    await expect(stopRedis()).rejects.toThrow('not ours')
    await stop()
    const client = new Redis(given.url)
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
  } finally {
    await given.stop()
  }
})

it('does not start with a Redis that does not answer, and keeps its password to itself', async () => {
  const port = await closedPort()
  const starting = start({ redisUrl: `redis://:secret@127.0.0.1:${port}` })
  const said = await starting.catch((error: Error) => error.message)
  expect(said).toContain(`REDIS_URL: Redis at 127.0.0.1:${port} does not answer`)
  expect(said).not.toContain('secret')
})

it('says what the instances say of a wrong setting', async () => {
  const starting = start({ environment: { SESSION_TTL_SECONDS: 'banana' } })
  await expect(starting).rejects.toThrow('SESSION_TTL_SECONDS')
})

it('kills the instance that it is told to, and starts it again', async () => {
  const { killInstance, url } = await start()
  said.length = 0
  await killInstance(1)
  await expect.poll(() => said).toContainEqual(expect.stringMatching(/^instance 1 is back/))
  expect(await answering(url)).toEqual([0, 1])
})
