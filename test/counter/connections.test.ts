import type { Page } from 'playwright-core'
import { Agent, request } from 'undici'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startChromium } from '../../scripts/lib/chromium.js'
import { InstanceProcess } from '../support/instance.js'
import { RedisServer } from '../support/redis-server.js'
import { startTcpBalancer, type TcpBalancer } from '../support/tcp-balancer.js'
import { until } from '../support/until.js'

const redis = await RedisServer.start()
const browser = await startChromium()
let instances: InstanceProcess[] = []
let balancer: TcpBalancer

async function start(environment: Record<string, string>): Promise<InstanceProcess> {
  const index = `${instances.length}`
  const instance = await InstanceProcess.start({ ...environment, CF_INSTANCE_INDEX: index })
  instances.push(instance)
  if (environment.REDIS_URL) await until(async () => (await fetch(`${instance.url}/readyz`)).ok)
  return instance
}
const ports = () => instances.map(({ url }) => Number(new URL(url).port))

afterEach(async () => {
  await balancer.stop()
  await Promise.all(instances.map((instance) => instance.end('SIGKILL')))
  instances = []
})
afterAll(async () => {
  await browser.close()
  await redis.stop()
})

/** What a page shows: the count, and the instance that answered. */
async function shown(page: Page): Promise<{ visits: number; instance: string | null }> {
  const visits = Number(await page.locator('h1 strong').textContent())
  return { visits, instance: await page.locator('#hero .chip').textContent() }
}

async function open(): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(balancer.url)
  return page
}

describe('behind a balancer of connections, as a NodePort is one,', { timeout: 90_000 }, () => {
  it('twelve reloads of a browser meet the instances in turn, and count on', async () => {
    for (let i = 0; i < 4; i += 1) await start({ REDIS_URL: redis.url })
    balancer = await startTcpBalancer(ports())
    const page = await open()
    const seen = []
    for (let reload = 0; reload < 12; reload += 1) {
      await page.reload()
      seen.push(await shown(page))
    }
    expect(seen.map(({ visits }) => visits)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    expect(new Set(seen.map(({ instance }) => instance)).size).toBeGreaterThanOrEqual(3)
  })

  it('so do twelve clicks', async () => {
    for (let i = 0; i < 4; i += 1) await start({ REDIS_URL: redis.url })
    balancer = await startTcpBalancer(ports())
    const page = await open()
    const seen = new Set<string | null>()
    for (let click = 2; click < 14; click += 1) {
      await page.locator('#visit').click()
      await expect.poll(async () => (await shown(page)).visits).toBe(click)
      seen.add((await shown(page)).instance)
    }
    expect(seen.size).toBeGreaterThanOrEqual(3)
  })

  it('a browser sees what the memory store loses: its count does not go up steadily', async () => {
    for (let i = 0; i < 4; i += 1) await start({ SESSION_STORE: 'memory' })
    balancer = await startTcpBalancer(ports())
    const page = await open()
    const counts: number[] = []
    for (let reload = 0; reload < 12; reload += 1) {
      await page.reload()
      counts.push((await shown(page)).visits)
    }
    expect(Math.max(...counts)).toBeLessThan(9)
    expect(counts.filter((count) => count === 1).length).toBeGreaterThan(1)
  })

  it('new instances get their share of clients that keep their connections, and none of these notices', async () => {
    const environment = { REDIS_URL: redis.url, CONNECTION_MAX_AGE_SECONDS: '2' }
    await start(environment)
    balancer = await startTcpBalancer(ports())
    const failed: unknown[] = []
    let over = false
    let answered = new Map<number, number>()
    const clients = Array.from({ length: 20 }, async () => {
      // One connection, kept as long as the server lets it.
      const dispatcher = new Agent({ connections: 1 })
      while (!over) {
        try {
          const { statusCode, body } = await request(balancer.url, { dispatcher })
          const { instance } = (await body.json()) as { instance: { index: number } }
          answered.set(instance.index, (answered.get(instance.index) ?? 0) + 1)
          if (statusCode !== 200) failed.push(statusCode)
        } catch (error) {
          failed.push(error)
        }
      }
      await dispatcher.close()
    })
    await until(() => (answered.get(0) ?? 0) > 200)
    for (let i = 0; i < 3; i += 1) await start(environment)
    balancer.ports = ports()
    await until(() => answered.size === 4)
    await until(() => {
      const total = [...answered.values()].reduce((sum, count) => sum + count, 0)
      const even = answered.size === 4 && [...answered.values()].every((count) => count > total / 20)
      if (!even && total > 1_000) answered = new Map()
      return even && total > 500
    })
    over = true
    await Promise.all(clients)
    expect(failed).toEqual([])
  })
})
