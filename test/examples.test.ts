// The example apps, started as they are and clicked through, with requests that overlap: by the exact store, and by the usual one,
// which has to lose, or the clicks show nothing.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RedisServer } from './support/redis-server.js'

const AT_ONCE = 30
let redis: RedisServer
const started: ChildProcess[] = []

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill()
    await once(child, 'exit')
  }
})
afterAll(() => redis.stop())

/** A browser, at one of the examples. */
class Visitor {
  readonly url: string
  readonly #cookies = new Map<string, string>()

  constructor(url: string) {
    this.url = url
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async ask(method: string, path: string, form?: Record<string, string>, headers = {}): Promise<Response> {
    const response = await fetch(this.url + path, {
      method,
      headers: { cookie: this.cookie, ...headers },
      redirect: 'manual',
      ...(form && { body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';')[0]?.split(/=(.*)/) ?? []
      this.#cookies.set(name, value)
    }
    return response
  }

  async json(path: string, method = 'GET', headers = {}): Promise<Record<string, unknown>> {
    const response = await this.ask(method, path, undefined, headers)
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`)
    return (await response.json()) as Record<string, unknown>
  }
}

async function visitor(example: string, store: string): Promise<Visitor> {
  const child = spawn(process.execPath, [`examples/${example}.js`], {
    env: { PATH: process.env.PATH, PORT: '0', REDIS_URL: redis.url, STORE: store },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  const [port] = await once(createInterface(child.stdout), 'line')
  return new Visitor(`http://127.0.0.1:${port}`)
}

const atOnce = <T>(work: (number: number) => Promise<T>) =>
  Promise.all(Array.from({ length: AT_ONCE }, (_, number) => work(number)))

/** @returns how many of the visits that overlapped the session has. */
async function counted(browser: Visitor, path: string, method = 'GET', headers = {}): Promise<unknown> {
  await browser.json(path, method, headers)
  await atOnce(() => browser.json(path, method, headers))
  const { visits } = await browser.json(path, method, headers)
  return Number(visits) - 2
}

describe.each([
  ['express', '/'],
  ['flash', '/count'],
  ['fastify', '/'],
  ['socket-io', '/'],
])('the example %s', (example, path) => {
  it('counts visits that overlap, and connect-redis loses some', async () => {
    expect(await counted(await visitor(example, 'exact'), path)).toBe(AT_ONCE)
    expect(await counted(await visitor(example, 'connect-redis'), path)).toBeLessThan(AT_ONCE)
  })
})

describe('the example passport', () => {
  const shop = async (store: string) => {
    const browser = await visitor('passport', store)
    await browser.ask('POST', '/cart/first')
    const before = browser.cookie
    await browser.ask('POST', '/login', { username: 'ada', password: 'any' })
    expect(browser.cookie).not.toBe(before)
    return browser
  }

  it('keeps the cart at the log-in, and what is put into it at once', async () => {
    const exact = await shop('exact')
    expect(await exact.json('/')).toEqual({ user: 'ada', items: ['first'] })
    await atOnce((number) => exact.ask('POST', `/cart/${number}`))
    expect((await exact.json('/')).items).toHaveLength(AT_ONCE + 1)

    const usual = await shop('connect-redis')
    await atOnce((number) => usual.ask('POST', `/cart/${number}`))
    expect((await usual.json('/')).items).not.toHaveLength(AT_ONCE + 1)
  })

  it('logs out for good, whatever is in flight', async () => {
    const browser = await shop('exact')
    const old = browser.cookie
    await Promise.all([
      ...Array.from({ length: AT_ONCE }, (_, number) => browser.ask('POST', `/cart/${number}`)),
      browser.ask('POST', '/logout'),
    ])
    const again = await browser.json('/', 'GET', { cookie: old })
    expect(again).toEqual({ user: null, items: [] })
  })
})

describe('the example flash', () => {
  it('shows a message once', async () => {
    const browser = await visitor('flash', 'exact')
    await browser.ask('POST', '/message/saved')
    await Promise.all([browser.json('/count'), browser.json('/count')])
    expect(await browser.json('/messages')).toEqual({ messages: ['saved'] })
    expect(await browser.json('/messages')).toEqual({ messages: [] })
  })
})

describe('the example socket-io', () => {
  it('counts the visits of a socket and of requests at once', async () => {
    const browser = await visitor('socket-io', 'exact')
    await browser.json('/')
    const { io } = createRequire(resolve('examples/package.json'))('socket.io-client') as SocketClient
    const socket = io(browser.url, { extraHeaders: { cookie: browser.cookie } })
    const visits = () => new Promise((done) => socket.emit('visit', done))
    await visits()
    await Promise.all([atOnce(() => browser.json('/')), visits()])
    expect(await visits()).toEqual({ visits: AT_ONCE + 4 })
    socket.close()
  })
})

interface SocketClient {
  io(
    url: string,
    options: object,
  ): { emit(event: string, answer: (result: unknown) => void): void; close(): void }
}

describe('the example csrf', () => {
  it('takes a request with its token, counts those that overlap, and refuses one without', async () => {
    const browser = await visitor('csrf', 'exact')
    const { token } = await browser.json('/token')
    expect(await counted(browser, '/visits', 'POST', { 'x-csrf-token': String(token) })).toBe(AT_ONCE)
    expect((await browser.ask('POST', '/visits')).status).toBe(403)
  })
})
