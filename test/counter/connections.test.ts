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

/** Clients that ask without a pause, each on one connection that it keeps as long as the server lets it. */
class KeepAliveClients {
  /** How many requests each instance answered, by its index. */
  readonly answered = new Map<number, number>()
  readonly failed: unknown[] = []
  readonly #running: Promise<void>[]
  #over = false

  constructor(count: number) {
    this.#running = Array.from({ length: count }, () => this.#run())
  }

  total(): number {
    return [...this.answered.values()].reduce((sum, answers) => sum + answers, 0)
  }

  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#running)
  }

  async #run(): Promise<void> {
    const dispatcher = new Agent({ connections: 1 })
    while (!this.#over) {
      try {
        const { statusCode, body } = await request(balancer.url, { dispatcher })
        const { instance } = (await body.json()) as { instance: { index: number } }
        this.answered.set(instance.index, (this.answered.get(instance.index) ?? 0) + 1)
        if (statusCode !== 200) this.failed.push(statusCode)
      } catch (error) {
        this.failed.push(error)
      }
    }
    await dispatcher.close()
  }
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
    const clients = new KeepAliveClients(20)
    await until(() => clients.total() > 200)
    for (let i = 0; i < 3; i += 1) await start(environment)
    balancer.ports = ports()
    await until(() => clients.answered.size === 4)
    await until(() => {
      const total = clients.total()
      const even = [0, 1, 2, 3].every((index) => (clients.answered.get(index) ?? 0) > total / 20)
      if (!even && total > 1_000) clients.answered.clear()
      return even && total > 500
    })
    await clients.stop()
    expect(clients.failed).toEqual([])
  })

  it('an instance that ends hands its clients on, and none of them notices', async () => {
    const environment = { REDIS_URL: redis.url, SHUTDOWN_DELAY_MS: '1000' }
    const ending = await start(environment)
    await start(environment)
    balancer = await startTcpBalancer(ports())
    const clients = new KeepAliveClients(20)
    await until(() => clients.total() > 200 && clients.answered.size === 2)
    balancer.ports = ports().slice(1)
    expect(await ending.end('SIGTERM')).toBe(0)
    clients.answered.clear()
    await until(() => clients.total() > 200)
    await clients.stop()
    expect(clients.failed).toEqual([])
    expect([...clients.answered.keys()]).toEqual([1])
  })
})
