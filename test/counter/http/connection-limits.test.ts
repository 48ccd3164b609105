import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Pool } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { ConnectionLimiter, type ConnectionLimits } from '../../../src/counter/http/connection-limits.js'
import { until } from '../../support/until.js'

let server: Server
let limiter: ConnectionLimiter
let url: string
let connections = 0

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

async function start(limits: ConnectionLimits, app: RequestListener = (_req, res) => res.end('done')) {
  limiter = new ConnectionLimiter(limits)
  connections = 0
  server = createServer(limiter.listener(app)).on('connection', () => {
    connections += 1
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** One request by a client that keeps its one connection as long as it may. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
async function ask(headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { agent, headers }), 'response')) as [IncomingMessage]
  await text(response)
  return response
}

/** What the server says to these bytes, until it ends the connection. */
async function raw(...chunks: string[]): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  for (const chunk of chunks) socket.write(chunk)
  return text(socket)
}

describe('a connection', () => {
  it('ends with the answer to its last request, between half of the limit and all of it', async () => {
    await start({ maxRequests: 10, maxAgeSeconds: 0 })
    const ends: number[] = []
    for (let request = 1; ends.length < 20; request += 1)
      if ((await ask()).headers.connection === 'close') ends.push(request)
    const lengths = ends.map((end, index) => end - (ends[index - 1] ?? 0))
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(5)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(10)
    expect(connections).toBe(20)
  })

  it('ends with the first answer after its time', async () => {
    await start({ maxRequests: 0, maxAgeSeconds: 1 })
    const begun = performance.now()
    await until(async () => (await ask()).headers.connection === 'close')
    expect(performance.now() - begun).toBeGreaterThan(490)
    expect(connections).toBe(1)
    expect((await ask()).headers.connection).toBe('keep-alive')
    expect(connections).toBe(2)
  })

  it('stays where nothing limits it, for browsers, too', async () => {
    await start({ maxRequests: 0, maxAgeSeconds: 0 })
    for (let request = 0; request < 50; request += 1)
      expect((await ask({ accept: 'text/html' })).headers.connection).toBe('keep-alive')
    expect(connections).toBe(1)
  })

  it('ends with the page that a browser loads, and with its click, but not behind a proxy', async () => {
    await start({ maxRequests: 1000, maxAgeSeconds: 10 })
    const closes = async (headers: Record<string, string>) =>
      (await ask(headers)).headers.connection === 'close'
    expect(await closes({ accept: 'text/html' })).toBe(true)
    expect(await closes({ accept: '*/*', origin: url })).toBe(true)
    expect(await closes({ accept: '*/*' })).toBe(false)
    expect(await closes({ accept: 'text/html', 'x-forwarded-for': '10.0.0.1' })).toBe(false)
  })

  it('ends with its next answer once the instance drains, if it is in flight already', async () => {
    const waiting: (() => void)[] = []
    await start({ maxRequests: 0, maxAgeSeconds: 0 }, (_req, res) => waiting.push(() => res.end()))
    const before = ask()
    await until(() => waiting.length === 1)
    limiter.drain()
    waiting.shift()?.()
    const after = before.then(() => ask())
    await until(() => waiting.length === 1)
    waiting.shift()?.()
    expect((await after).headers.connection).toBe('close')
  })

  it('answers all requests of a pipeline that it has read, and ends with the last of them', async () => {
    const seen: string[] = []
    await start({ maxRequests: 1, maxAgeSeconds: 0 }, (req, res) => {
      seen.push(String(req.url))
      setImmediate(() => res.end(req.url))
    })
    const answers = await raw(
      ['/a', '/b', '/c'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''),
    )
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(3)
    expect(answers.match(/Connection: close/g)).toHaveLength(1)
    expect(seen).toEqual(['/a', '/b', '/c'])
  })

  it('takes no request any more once it has told the client that it ends', async () => {
    const seen: string[] = []
    let finish = () => {}
    await start({ maxRequests: 1, maxAgeSeconds: 0 }, (req, res) => {
      seen.push(String(req.url))
      res.writeHead(200, { 'Content-Length': 2 }).write('o')
      finish = () => res.end('k')
    })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const answer = text(socket)
    socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => seen.length === 1)
    socket.write('POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    await until(() => socket.bytesWritten > 70)
    await new Promise(setImmediate)
    finish()
    expect(await answer).toMatch(/Connection: close\r\n(.|\r\n)*ok$/)
    expect(seen).toEqual(['/a'])
  })

  it('stays until a body has arrived: ending before would reset it', async () => {
    await start({ maxRequests: 1, maxAgeSeconds: 0 })
    const body = 'x'.repeat(200_000)
    for (let request = 0; request < 5; request += 1) {
      const response = await fetch(url, { method: 'POST', body })
      expect(await response.text()).toBe('done')
    }
  })

  it.each([
    ['one request at a time', 1],
    ['a pipeline', 8],
  ])('loses nothing of clients that pool connections, with %s on each', async (_how, pipelining) => {
    let seen = 0
    await start({ maxRequests: 7, maxAgeSeconds: 0 }, (req, res) => {
      seen += 1
      req.resume().on('end', () => setImmediate(() => res.end('done')))
    })
    const pool = new Pool(url, { connections: 10, pipelining })
    const total = 3_000
    const requests = Array.from({ length: total }, async (_, number) => {
      const post = { method: 'POST', body: 'a body' } as const
      const { statusCode, body } = await pool.request({
        path: '/',
        ...(number % 3 === 0 ? post : { method: 'GET' }),
      })
      return `${statusCode} ${await body.text()}`
    })
    const results = await Promise.allSettled(requests)
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([])
    expect(new Set(results.map((result) => result.status === 'fulfilled' && result.value))).toEqual(
      new Set(['200 done']),
    )
    expect(seen).toBe(total)
    if (pipelining === 1) expect(connections).toBeGreaterThan(total / 7)
    await pool.close()
  })
})
