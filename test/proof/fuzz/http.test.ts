import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Counter, createCounter } from '../../support/counter.js'
import { useRedis } from '../../support/use-redis.js'

const { server: redis } = await useRedis()
const SECRET = 'of the fuzzer, and long'
let counter: Counter
let server: Server
let port = 0

beforeAll(async () => {
  counter = createCounter({
    REDIS_URL: redis.url,
    SESSION_SECRET: SECRET,
    LOG_LEVEL: 'error',
    TRUST_PROXY: '1',
  })
  server = createServer(counter.app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  counter.close()
})

interface Ask {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

function ask({ method, path, headers, body }: Ask): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path, headers, agent: false })
    asked.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    asked.end(body)
  })
}

/** What a header or a path may be made of, as far as Node's client sends it. */
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
})
const latin = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 60,
})

const signed = (id: string) => {
  const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '')
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
}
// Signed as by someone who has come by the secret.
const id = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', '*', '../x', '{a}', 'a{b}c', 'x'.repeat(3_000), '__proto__', '\0', '\r\n'),
)
const cookie = fc.oneof(
  id.map(signed),
  latin,
  visible.map((text) => `connect.sid=${text}`),
  visible.map((text) => `connect.sid=s%3A${text}.${text}; connect.sid=j:{"a":1}`),
  fc.constantFrom(
    'connect.sid=',
    'connect.sid=s%3A',
    'connect.sid=s%3A.',
    'connect.sid=%E0%A4%A',
    '=;=;;',
    'connect.sid="s:x.y"',
  ),
)
const headers = fc.record(
  {
    cookie,
    accept: fc.oneof(latin, fc.constantFrom('text/html', 'text/html;q=0', '*/*', 'text/html;q=x', ',,,')),
    'content-type': fc.oneof(
      latin,
      fc.constantFrom('application/json', 'application/json; charset=utf-7', 'text/plain'),
    ),
    'content-encoding': fc.constantFrom('gzip', 'br', 'identity', 'x'),
    'idempotency-key': latin,
    origin: latin,
    'sec-fetch-site': fc.oneof(latin, fc.constantFrom('same-origin', 'none')),
    'x-forwarded-for': latin,
    'x-forwarded-proto': latin,
    'x-forwarded-host': latin,
    'x-request-id': latin,
    traceparent: latin,
    'if-none-match': latin,
    range: latin,
    'accept-language': latin,
  },
  { requiredKeys: [] },
)
const path = fc.oneof(
  visible.map((text) => `/${text}`),
  fc.constantFrom(
    '/',
    '/api/visits',
    '/api/session',
    '/api/session/regenerate',
    '/session',
    '/session/end',
    '/api/instances',
    '/api/chaos/exit',
    '/healthz',
    '/readyz',
    '/page.css',
    '/main.js',
  ),
  fc.constantFrom(
    '//',
    '/%',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%5c..%5cx',
    '/?a[b]=c&__proto__[x]=1',
    '/%00',
    '*',
    'http://127.0.0.1/',
    '/session?%E0%A4%A',
  ),
)
const body = fc.oneof(
  fc.constant(''),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '{',
    '{"__proto__":{"mode":"kill"}}',
    '{"mode":"kill"}',
    'x'.repeat(2_000),
    '[1e999]',
    '"\\ud800"',
  ),
)
const anyAsk: fc.Arbitrary<Ask> = fc.record({
  method: fc.constantFrom(
    'GET',
    'GET',
    'POST',
    'POST',
    'HEAD',
    'PUT',
    'DELETE',
    'OPTIONS',
    'PATCH',
    'TRACE',
    'PROPFIND',
  ),
  path,
  headers,
  body,
})

/** Headers that Node's client refuses to send are tried raw, below. */
const sendable = ({ headers }: Ask) =>
  !Object.values(headers).some((value) => /[^\t\x20-\x7e\x80-\xff]/.test(value))

describe('whatever a stranger sends', () => {
  it('is answered, and never with a failure of ours', async () => {
    await fc.assert(
      fc.asyncProperty(anyAsk.filter(sendable), async (asked) => {
        const status = await ask(asked)
        expect(status).toBeGreaterThanOrEqual(200)
        // Without a platform that says so this instance is never ready.
        if (asked.path.startsWith('/readyz')) expect(status).toBeLessThan(504)
        else expect(status).toBeLessThan(500)
      }),
      { numRuns: 2_000 },
    )
    expect(counter.exits).toEqual([])
    expect(counter.log.filter((line) => line.includes('"level":50'))).toEqual([])
  }, 120_000)

  it('is answered or cut off if it is no HTTP, and the next one is served', async () => {
    const lines = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.tuple(anyAsk, latin).map(([{ method, path, headers }, junk]) => {
        const rows = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
        return `${method} ${path} HTTP/1.1\r\nHost: ${junk}\r\n${rows.join('\r\n')}\r\nContent-Length: 3\r\nTransfer-Encoding: ${junk}\r\n\r\nabc`
      }),
      fc.constantFrom(
        'GET / HTTP/9.9\r\n\r\n',
        'GET /\r\n\r\n',
        '\r\n\r\n',
        `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      ),
    )
    await fc.assert(
      fc.asyncProperty(lines, async (bytes) => {
        const socket = connect(port, '127.0.0.1').on('error', () => {})
        let answer = ''
        socket.on('data', (chunk) => {
          answer += chunk
        })
        socket.end(bytes, 'latin1')
        await once(socket, 'close')
        expect(answer).not.toMatch(/^HTTP\/1\.1 5(?!0[35])/)
        expect(answer).not.toMatch(/ at .*\.[jt]s:\d+/)
      }),
      { numRuns: 500 },
    )
    expect(await ask({ method: 'GET', path: '/', headers: {}, body: '' })).toBe(200)
  }, 120_000)
})
