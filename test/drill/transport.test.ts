import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  createServer as createHttp,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttps, type ServerOptions } from 'node:https'
import { type AddressInfo, connect, createServer as createTcp, type Server } from 'node:net'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { checkApp, drill } from '../../src/drill/drill.js'
import { Certificates } from '../support/certificates.js'
import { Counter, json, routes } from './apps.js'

// What lies between the drill and an app: each works, or is named with the option that helps.

const certificates = new Certificates()
let ca: string
let server: { cert: string; key: string }
let client: { cert: string; key: string }
beforeAll(() => {
  ca = certificates.authority('drill-ca')
  server = certificates.signed('drill-server', 'drill-ca', 2, 'IP:127.0.0.1,DNS:localhost')
  client = certificates.signed('drill-client', 'drill-ca')
})
afterAll(() => certificates.remove())

const running: Server[] = []
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.close()
    if ('closeAllConnections' in one && typeof one.closeAllConnections === 'function')
      one.closeAllConnections()
  }
  delete process.env.http_proxy
  delete process.env.https_proxy
})

async function listen(one: Server, scheme = 'http'): Promise<string> {
  running.push(one)
  one.listen(0, '127.0.0.1')
  await once(one, 'listening')
  return `${scheme}://127.0.0.1:${(one.address() as AddressInfo).port}/`
}

const answering = (answer: (to: ServerResponse, visits: number) => unknown) =>
  new Counter({ answer }).listener
const number = { number: '/visits' }
const short = { ...number, browsers: 2, visits: 40, warmUpMs: 0 }

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['GZIP', gzipSync],
  ['gzip, br', (text: string) => brotliCompressSync(gzipSync(text))],
])('a body in %s is decoded', async (encoding, compress) => {
  const zipped = answering((to, visits) => {
    to.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
    to.end(compress(JSON.stringify({ visits })))
  })
  const url = await listen(createHttp(zipped))
  expect((await drill({ ...short, url })).sentence).toMatch(/^Held/)
  expect((await checkApp({ ...number, url })).lines).toContainEqual(['encoding', encoding])
})

test('a body that is not in the encoding that it names is said so', async () => {
  const wrong = answering((to) => to.writeHead(200, { 'content-encoding': 'gzip' }).end('plain'))
  await expect(checkApp({ ...number, url: await listen(createHttp(wrong)) })).rejects.toThrow(
    /body is not gzip/,
  )
})

test('an encoding that the drill does not read is named, and the option that helps does', async () => {
  const counter = answering((to, visits) => to.end(gzipSync(JSON.stringify({ visits }))))
  const url = await listen(
    createHttp((request, response) => {
      const wanted = request.headers['accept-encoding'] ?? 'zstd'
      response.setHeader('content-encoding', wanted)
      counter(request, response)
    }),
  )
  await expect(checkApp({ ...number, url })).rejects.toThrow(
    /: Content-Encoding zstd \(the drill reads gzip, br and deflate; --header 'Accept-Encoding: gzip' asks/,
  )
  expect((await checkApp({ ...number, url, headers: { 'accept-encoding': 'gzip' } })).first).toBe(1)
})

test.each([301, 302, 303])('a redirect with %i after a POST is followed with GET', async (status) => {
  const counter = new Counter()
  const methods: string[] = []
  const app = routes({
    'POST /hit'(request, response) {
      methods.push('POST')
      counter.visit(request, Object.assign(response, { end: () => response }))
      delete (response as Partial<ServerResponse>).end
      response.removeHeader('content-type')
      response.writeHead(status, { location: '../count?x=1' }).end()
    },
    'GET /count'(request, response) {
      methods.push('GET')
      const id = /sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
      json(response, { visits: counter.sessions.get(id) })
    },
  })
  const url = await listen(createHttp(app))
  const found = await checkApp({ url, ...number, visit: 'POST /hit' })
  expect(methods.slice(0, 2)).toEqual(['POST', 'GET'])
  expect(found.lines).toContainEqual(['redirects', '1, to /count?x=…: the number is read after the visit'])
})

test.each([
  [{ location: 'https://elsewhere.example/' }, /redirect to https:\/\/elsewhere\.example/],
  [{ location: '/' }, /redirects without end/],
])('a redirect that leads away or nowhere is named: %j', async (headers, message) => {
  const url = await listen(createHttp((_, response) => response.writeHead(302, headers).end()))
  await expect(checkApp({ ...number, url })).rejects.toThrow(message)
})

/** Answers each request with these bytes, then ends the connection or keeps it. */
const raw = (bytes: string, then: 'end' | 'keep') =>
  createTcp((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {
      socket.write(bytes)
      if (then === 'end') socket.end()
    })
  })

test.each([
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"visits":1}',
    'end',
    /body incomplete \(the answer ended before/,
  ],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{"visits":1}',
    'keep',
    /no number at \/visits|not HTTP|reset/,
  ],
  ['\0\0\u0012\u0004\0\0\0\0\0', 'keep', /not HTTP \(the server speaks no HTTP\/1\.1 \(HTTP\/2 needs https/],
] as const)('an answer that is no right HTTP/1.1 is named', async (bytes, then, message) => {
  const url = await listen(raw(bytes, then))
  await expect(checkApp({ ...number, url })).rejects.toThrow(message)
})

test('an answer that comes to a halt is named', async () => {
  const url = await listen(raw('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"visits":1}', 'keep'))
  // A busy machine may not have read its beginning by then.
  const message = /body incomplete \(the answer ended before|timeout/
  await expect(checkApp({ ...number, url, timeoutMs: 500 })).rejects.toThrow(message)
})

const secure = (options: ServerOptions = {}) =>
  createHttps(
    { cert: readFileSync(server.cert), key: readFileSync(server.key), ...options },
    new Counter({ attributes: 'Path=/; Secure; HttpOnly' }).listener,
  )

test('a private CA is named, and works with --ca or --insecure', async () => {
  const url = await listen(secure(), 'https')
  await expect(checkApp({ ...number, url })).rejects.toThrow(
    /certificate of an unknown CA \(--ca FILE gives the CA/,
  )
  expect((await drill({ ...short, url, caFile: ca })).sentence).toMatch(/^Held/)
  expect((await checkApp({ ...number, url, insecure: true })).first).toBe(1)
})

test('a client certificate that is wanted is named, and works with --cert and --key', async () => {
  const mutual = { ca: readFileSync(ca), requestCert: true, rejectUnauthorized: true }
  const url = await listen(secure(mutual), 'https')
  await expect(checkApp({ ...number, url, caFile: ca })).rejects.toThrow(/client certificate wanted|reset/)
  const own = { caFile: ca, certFile: client.cert, keyFile: client.key }
  expect((await drill({ ...short, url, ...own })).sentence).toMatch(/^Held/)
})

test('a server of HTTP/2 only is named, and works with --http2', async () => {
  const counter = new Counter()
  const http2 = createSecureServer(
    { cert: readFileSync(server.cert), key: readFileSync(server.key) },
    (request, response) =>
      counter.listener(request as unknown as IncomingMessage, response as unknown as ServerResponse),
  )
  const url = await listen(http2, 'https')
  await expect(checkApp({ ...number, url, caFile: ca })).rejects.toThrow(/HTTP\/2 only \(--http2 speaks it\)/)
  expect((await drill({ ...short, url, caFile: ca, http2: true })).sentence).toMatch(/^Held/)
})

test('http:// to a TLS port, and https:// to a plain one, are named', async () => {
  const tls = await listen(secure(), 'http')
  await expect(checkApp({ ...number, url: tls })).rejects.toThrow(/reset|400|not HTTP/)
  const plain = await listen(createHttp(new Counter().listener), 'https')
  await expect(checkApp({ ...number, url: plain })).rejects.toThrow(/no TLS there \(is it http:\/\//)
})

test('a proxy of the environment is used, by CONNECT, and said', async () => {
  const tunnels: string[] = []
  const proxy = createHttp((request, response) => {
    httpRequest(request.url ?? '')
      .on('response', (answer) => answer.pipe(response))
      .end()
  })
  proxy.on('connect', (request, socket, head) => {
    tunnels.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(head)
      upstream.pipe(socket).pipe(upstream)
    })
    for (const end of [socket, upstream]) end.on('error', () => {})
  })
  process.env.http_proxy = (await listen(proxy)).replace('http://', 'http://user:secret@')
  process.env.https_proxy = process.env.http_proxy
  const url = await listen(createHttp(new Counter().listener))
  const found = await checkApp({ ...number, url })
  expect(tunnels).toContain(new URL(url).host)
  expect(found.lines).toContainEqual(['proxy', expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/)])
  const tls = await listen(secure(), 'https')
  expect((await drill({ ...short, url: tls, caFile: ca })).sentence).toMatch(/^Held/)
})
