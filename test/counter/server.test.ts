import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CookieJar } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { InstanceProcess } from '../support/instance.js'
import { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'

let redis: RedisServer
const running: InstanceProcess[] = []

beforeAll(async () => {
  redis = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((instance) => instance.end('SIGKILL')))
})
afterAll(() => redis.stop())

const start = async (environment: Record<string, string> = {}) => {
  const instance = await InstanceProcess.start({ REDIS_URL: redis.url, ...environment })
  running.push(instance)
  return instance
}
const status = async (url: string) => (await fetch(url)).status
const openSockets = async ({ metricsUrl }: InstanceProcess) => {
  const metrics = await (await fetch(metricsUrl)).text()
  return Number(/^nodejs_active_resources\{type="TCPSocketWrap"\} (\d+)$/m.exec(metrics)?.[1] ?? 0)
}

describe('an instance', () => {
  it('is ready once Redis has answered, and keeps its metrics to their own port', async () => {
    const instance = await start()
    await until(async () => (await status(`${instance.url}/readyz`)) === 200)
    expect(await status(`${instance.url}/healthz`)).toBe(200)
    expect(await status(`${instance.url}/metrics`)).toBe(404)
    await until(async () => (await (await fetch(instance.metricsUrl)).text()).includes('redis_up 1'))
  })

  it('knows the others that live, and which of them have gone', async () => {
    const [a, b] = [await start({ CF_INSTANCE_INDEX: '0' }), await start({ CF_INSTANCE_INDEX: '1' })]
    const live = async () => {
      const { instances } = await new CookieJar().json<{ instances: { index: number }[] }>(
        `${a.url}/api/instances`,
      )
      return instances.map(({ index }) => index).join()
    }
    await until(async () => (await live()) === '0,1')
    await b.end('SIGTERM')
    await until(async () => (await live()) === '0')
  })

  it.each([
    [
      { PORT: 'banana' },
      /^redissessions: PORT: "banana" is not accepted; expected a whole number from 0 to 65535\n$/,
    ],
    [{ SESSION_STORE: 'exact', REDIS_URL: '' }, /^redissessions: REDIS_URL: is not set[^\n]*\n$/],
    [{ NODE_ENV: 'production' }, /^redissessions: SESSION_SECRET: has no secret[^\n]*\n$/],
  ])('refuses to start with %o: exit code 78 and one line', async (environment, line) => {
    const { code, errors } = await InstanceProcess.run({ REDIS_URL: redis.url, ...environment })
    expect(code).toBe(78)
    expect(errors).toMatch(line)
  })

  it('says in one line that it cannot listen where it was told to', async () => {
    const { code, errors } = await InstanceProcess.run({ REDIS_URL: redis.url, HOST: '192.0.2.1' })
    expect(code).toBe(78)
    expect(errors).toMatch(/^redissessions: HOST, PORT: can't listen there \(EADDRNOTAVAIL\)[^\n]*\n$/)
  })

  it('leaves the connection whole, and stderr empty, when its handler ends after the deadline', async () => {
    const instance = await start({ SESSION_DEADLINE_MS: '500' })
    const browser = new CookieJar()
    await browser.json(`${instance.url}/`)
    redis.freeze()
    const late = await Promise.all(Array.from({ length: 5 }, () => browser.fetch(`${instance.url}/`)))
    expect(late.map((response) => response.status)).toEqual([503, 503, 503, 503, 503])
    redis.thaw()
    await until(async () => (await browser.fetch(`${instance.url}/`)).ok)
    expect(await instance.end('SIGTERM')).toBe(0)
    expect(instance.errors).toBe('')
  })

  it('says in one line that its port is taken', async () => {
    const other = await start()
    const { port } = new URL(other.url)
    const { code, errors } = await InstanceProcess.run({ REDIS_URL: redis.url, PORT: port })
    expect(code).toBe(1)
    expect(errors).toBe(
      `redissessions: port ${port} is taken; expected a free one in PORT and METRICS_PORT\n`,
    )
  })

  it('finishes what is in flight on SIGTERM, turns readiness off, and exits with 0', async () => {
    const instance = await start({ SHUTDOWN_DELAY_MS: '1000', SESSION_DEADLINE_MS: '20000' })
    const browser = new CookieJar()
    await browser.json(`${instance.url}/`)
    // Frozen, so that the visits are in flight for sure while the signal arrives.
    redis.freeze()
    const visits = Array.from({ length: 20 }, () => browser.json<{ visits: number }>(`${instance.url}/`))
    // With one of Redis and that of this look.
    await until(async () => (await openSockets(instance)) >= visits.length + 2)
    instance.child.kill('SIGTERM')
    await instance.line(({ msg }) => msg === 'stopping')
    await until(async () => (await status(`${instance.url}/readyz`)) === 503)
    redis.thaw()
    expect(await Promise.all(visits)).toHaveLength(20)
    expect(await instance.exited()).toBe(0)
  })

  it('is forced by a second signal', async () => {
    const instance = await start({ SHUTDOWN_DELAY_MS: '60000' })
    instance.child.kill('SIGTERM')
    await instance.line(({ msg }) => msg === 'stopping')
    expect(await instance.end('SIGTERM')).toBe(1)
  })
})

describe.each(['connect-redis', 'exact'])('an instance with the store %s, while Redis', (store) => {
  const DEADLINE_MS = 1_000
  const startShort = (environment: Record<string, string> = {}) =>
    start({ SESSION_STORE: store, SESSION_DEADLINE_MS: `${DEADLINE_MS}`, ...environment })

  /** A visit's problem, and that it came in time: the deadline, and a lot that a busy machine may add. */
  const refused = async (instance: InstanceProcess, browser = new CookieJar()) => {
    const begun = performance.now()
    const response = await browser.fetch(`${instance.url}/`)
    expect(performance.now() - begun).toBeLessThan(DEADLINE_MS * 10)
    expect(response.status).toBe(503)
    expect(response.headers.get('Retry-After')).toBe('1')
    expect(response.headers.get('Content-Type')).toMatch('application/problem+json')
    expect(await response.text()).not.toMatch(/ECONN|127\.0\.0\.1/)
  }

  it('is away at the start: lives, answers 503, and recovers by itself', async () => {
    const port = await freePort()
    const instance = await startShort({ REDIS_URL: `redis://127.0.0.1:${port}` })
    expect(await status(`${instance.url}/healthz`)).toBe(200)
    expect(await status(`${instance.url}/readyz`)).toBe(503)
    await refused(instance)
    const late = await RedisServer.startOn(port)
    try {
      await until(async () => (await status(`${instance.url}/readyz`)) === 200)
      expect(await status(`${instance.url}/`)).toBe(200)
    } finally {
      await late.stop()
    }
  })

  it('crashes and comes back: waits within the deadline, else 503, and counts on', async () => {
    const instance = await startShort()
    const browser = new CookieJar()
    await browser.json(`${instance.url}/`)
    await until(async () => (await status(`${instance.url}/readyz`)) === 200)
    await redis.kill()
    await refused(instance, browser)
    expect(await status(`${instance.url}/readyz`)).toBe(200)
    await redis.start()
    await until(async () => (await browser.fetch(`${instance.url}/api/session`)).ok)
    const { visits } = await browser.json<{ visits: number }>(`${instance.url}/api/session`)
    expect((await browser.json<{ visits: number }>(`${instance.url}/`)).visits).toBe(visits + 1)
  })

  it('is frozen: answers 503 in time, and recovers by itself', async () => {
    const instance = await startShort()
    const browser = new CookieJar()
    await browser.json(`${instance.url}/`)
    redis.freeze()
    await refused(instance, browser)
    redis.thaw()
    await until(async () => (await browser.fetch(`${instance.url}/`)).ok)
  })

  it('accepts connections and never answers: 503 in time', async () => {
    const mute: Server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const { port } = mute.address() as AddressInfo
    const instance = await startShort({ REDIS_URL: `redis://127.0.0.1:${port}` })
    await refused(instance)
    mute.close()
  })

  it('wants a password: 503, and the log says why without any secret', async () => {
    const locked = await RedisServer.start('--requirepass', 'right')
    try {
      const { port } = locked
      for (const credentials of ['', ':wrong@']) {
        const instance = await startShort({ REDIS_URL: `redis://${credentials}127.0.0.1:${port}` })
        await refused(instance)
        await until(() => /NOAUTH|WRONGPASS/.test(instance.log.join('')))
        expect(instance.log.join('')).not.toMatch(/"wrong"|"right"|\.js:\d+/)
      }
      const instance = await startShort({ REDIS_URL: `redis://:right@127.0.0.1:${port}` })
      await until(async () => (await status(`${instance.url}/`)) === 200)
    } finally {
      await locked.stop()
    }
  })
})
