import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CookieJar } from '../support/browser.js'
import { InstanceProcess } from '../support/instance.js'
import { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'

let redis: RedisServer
let admin: Redis
const running: InstanceProcess[] = []

beforeEach(async () => {
  redis = await RedisServer.start()
  admin = new Redis(redis.port, '127.0.0.1')
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((instance) => instance.end('SIGKILL')))
  admin.disconnect()
  await redis.stop()
})

const file = () => join(redis.folder, 'secret')
/** As Kubernetes does: the new file takes the place of the old one at once. */
const write = (text: string) => {
  writeFileSync(`${file()}.new`, text)
  renameSync(`${file()}.new`, file())
}
const start = async (environment: Record<string, string>) => {
  const instance = await InstanceProcess.start({ REDIS_URL: redis.url, ...environment })
  running.push(instance)
  return instance
}
const visits = async (browser: CookieJar, instance: InstanceProcess) =>
  (await browser.json<{ visits: number }>(`${instance.url}/`)).visits

describe("Redis' password changes while the instance runs:", () => {
  it.each(['exact', 'connect-redis'])(
    '%s counts on with the new one, and has lost nothing',
    async (store) => {
      await admin.call('ACL', 'SETUSER', 'app', 'on', '>first', '~*', '&*', '+@all')
      write('first\n')
      const instance = await start({
        SESSION_STORE: store,
        REDIS_USERNAME: 'app',
        REDIS_PASSWORD_FILE: file(),
        SESSION_DEADLINE_MS: '2000',
      })
      const browser = new CookieJar()
      await until(async () => (await visits(browser, instance)) === 3)

      await admin.call('ACL', 'SETUSER', 'app', 'resetpass', '>second')
      await admin.call('CLIENT', 'KILL', 'USER', 'app')
      await instance.line(({ err }) => /WRONGPASS/.test(JSON.stringify(err ?? '')))
      expect((await browser.fetch(`${instance.url}/`)).status).toBe(503)

      write('second\n')
      await until(async () => (await browser.fetch(`${instance.url}/api/session`)).ok)
      const before = (await browser.json<{ visits: number }>(`${instance.url}/api/session`)).visits
      expect(before).toBeGreaterThanOrEqual(3)
      expect(await visits(browser, instance)).toBe(before + 1)

      // The file is first this time: nobody waits.
      write('third\n')
      await admin.call('ACL', 'SETUSER', 'app', 'resetpass', '>third')
      await admin.call('CLIENT', 'KILL', 'USER', 'app')
      expect(await visits(browser, instance)).toBe(before + 2)
      expect(instance.log.join('')).not.toMatch(/"(first|second|third)"|\.js:\d+/)
    },
  )
})

describe('the session secret changes while the instance runs:', () => {
  it('the new one signs, the old one is still accepted; without any, all stays as it was', async () => {
    write('old-secret-of-16\n')
    const environment = { SESSION_SECRET_FILE: file() }
    const instance = await start(environment)
    const browser = new CookieJar()
    expect(await visits(browser, instance)).toBe(1)
    const absent = new CookieJar()
    expect(await visits(absent, instance)).toBe(1)

    write('new-secret-of-16\nold-secret-of-16\n')
    await instance.line(({ msg }) => msg === 'the session secrets have changed')
    expect(await visits(browser, instance)).toBe(2)
    const newcomer = new CookieJar()
    expect(await visits(newcomer, instance)).toBe(1)

    const warned = () => instance.log.filter((line) => line.includes('secrets stay as they are'))
    write('')
    await until(() => warned().length === 1)
    rmSync(file())
    expect(await visits(newcomer, instance)).toBe(2)

    // Without the old one those are known whose cookies were signed with the new one: at their first visit, or at one since.
    write('new-secret-of-16')
    await until(() => instance.log.filter((line) => line.includes('secrets have changed')).length === 2)
    expect(await visits(newcomer, instance)).toBe(3)
    expect(await visits(browser, instance)).toBe(3)
    expect(await visits(absent, instance)).toBe(1)
    expect(warned()).toHaveLength(1)
    expect(instance.log.join('')).not.toMatch(/(new|old)-secret/)
  })
})
