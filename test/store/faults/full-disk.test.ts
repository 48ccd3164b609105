import { afterEach, describe, expect, it } from 'vitest'
import { type Damage, drilled, KEPT, refusals } from '../../support/drilled.js'
import { InstanceProcess } from '../../support/instance.js'
import { RedisServer } from '../../support/redis-server.js'
import { until } from '../../support/until.js'

let redis: RedisServer
let instance: InstanceProcess

afterEach(async () => {
  await instance.end('SIGKILL')
  await redis.stop()
})
const start = async (fsync: 'everysec' | 'always') => {
  redis = await RedisServer.start('--appendonly', 'yes', '--appendfsync', fsync)
  instance = await InstanceProcess.start({ REDIS_URL: redis.url, SESSION_DEADLINE_MS: '1000' })
}
const told = (what: string) => instance.log.filter((line) => JSON.parse(line).msg === what)
/** The last that was said of Redis: each cause of an outage has its line, and a busy machine may see one outage as two. */
const state = () =>
  instance.log.map((line) => String(JSON.parse(line).msg)).findLast((msg) => msg.startsWith('Redis '))
const row = (fault: string, damage: Damage) =>
  process.stdout.write(`primary | ${fault} | ${JSON.stringify(damage)}\n`)

describe('a disk without room for the append-only file', { timeout: 90_000 }, () => {
  it('with appendfsync everysec: Redis refuses, 503 at once, one line says why; with room it counts on', async () => {
    await start('everysec')
    const damage = await drilled(instance.url, async () => {
      redis.fillDisk()
      await refusals(instance.url)
      await until(() => told('Redis refuses').length > 0)
      redis.makeRoom()
    })
    row('disk full, everysec', damage)
    expect(damage).toMatchObject(KEPT)
    expect(Object.keys(damage.how)).toEqual(['503'])
    await until(() => state() === 'Redis answers')
    expect(told('Redis refuses').join()).toContain('MISCONF')
    expect(told('Redis does not answer')).toEqual([])
  })

  it('with appendfsync always: Redis ends itself; with room it comes back, and has all that was acknowledged', async () => {
    await start('always')
    const damage = await drilled(instance.url, async () => {
      redis.fillDisk()
      await redis.ended()
      await refusals(instance.url)
      await redis.start()
    })
    row('disk full, always', damage)
    expect(damage).toMatchObject(KEPT)
    expect(Object.keys(damage.how)).toEqual(['503'])
    await until(() => told('Redis does not answer').join().includes('ECONNREFUSED'))
    await until(() => state() === 'Redis answers')
  })
})
