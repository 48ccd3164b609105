import { createHmac } from 'node:crypto'
import request, { type Response } from 'supertest'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { cookieOf, createCounter } from '../../support/counter.js'
import { useRedis } from '../../support/use-redis.js'

/**
 * OWASP's cheat sheets, a row for each of their recommendations: what they want of an answer, and a test that it is so. Rows that
 * say "not us" are answered elsewhere, and the test holds that we leave them alone.
 */

const { server, client } = await useRedis()
const counter = createCounter({
  REDIS_URL: server.url,
  SESSION_SECRET: 'of sixteen characters',
  TRUST_PROXY: '1',
  LOG_LEVEL: 'trace',
})
afterAll(() => counter.close())
const { app } = counter

let page: Response
let json: Response
let problem: Response
beforeEach(async () => {
  page = await request(app).get('/').set('Accept', 'text/html')
  json = await request(app).get('/')
  problem = await request(app).get('/nowhere')
})
const each = () => [page, json, problem]
const setCookie = (response: Response) => String(response.get('Set-Cookie')?.[0])

const HEADERS: readonly [header: string, wanted: string, holds: () => unknown][] = [
  [
    'X-Frame-Options',
    'superseded by frame-ancestors, which is there',
    () => policy('frame-ancestors', "'none'"),
  ],
  ['X-XSS-Protection', 'absent', () => isAbsent('x-xss-protection')],
  ['X-Content-Type-Options', 'nosniff', () => all('x-content-type-options', 'nosniff')],
  [
    'Referrer-Policy',
    'in the documents, which are what has links and forms',
    () => expect(page.text).toContain('<meta name="referrer" content="same-origin">'),
  ],
  [
    'Content-Type',
    'with a charset, and what the body is',
    () => {
      expect(page.get('Content-Type')).toBe('text/html; charset=utf-8')
      expect(json.get('Content-Type')).toMatch('application/json')
      expect(problem.get('Content-Type')).toMatch('application/problem+json')
    },
  ],
  [
    'Strict-Transport-Security',
    'not us: whoever ends TLS says it',
    () => isAbsent('strict-transport-security'),
  ],
  ['Expect-CT', 'absent', () => isAbsent('expect-ct')],
  [
    'Content-Security-Policy',
    'nothing by default, nothing inline',
    () => {
      policy('default-src', "'none'")
      policy('base-uri', "'none'")
      policy('form-action', "'self'")
      for (const response of each())
        expect(response.get('Content-Security-Policy')).not.toMatch(/unsafe|\*|data:/)
    },
  ],
  ['Access-Control-Allow-Origin', 'absent', () => isAbsent('access-control-allow-origin')],
  [
    'Cross-Origin-Opener-Policy',
    'not us: without TLS browsers ignore it',
    () => isAbsent('cross-origin-opener-policy'),
  ],
  [
    'Cross-Origin-Embedder-Policy',
    'no need: nothing of another origin is loaded',
    () => policy('default-src', "'none'"),
  ],
  ['Cross-Origin-Resource-Policy', 'same-origin', () => all('cross-origin-resource-policy', 'same-origin')],
  ['Server', 'absent', () => isAbsent('server')],
  ['X-Powered-By', 'absent', () => isAbsent('x-powered-by')],
  ['X-DNS-Prefetch-Control', 'no need: there are no links elsewhere', () => policy('default-src', "'none'")],
  ['Public-Key-Pins', 'absent', () => isAbsent('public-key-pins')],
  ['Cache-Control', 'no-store for what shows a session', () => all('cache-control', 'no-store')],
]

const SESSIONS: readonly [recommendation: string, how: string, holds: () => unknown][] = [
  [
    'an id of 64 bits of chance at least',
    'uid-safe: 24 random bytes',
    async () => {
      expect(idOf(json)).toMatch(/^[\w-]{32}$/)
      const ids = await Promise.all(Array.from({ length: 50 }, async () => idOf(await request(app).get('/'))))
      expect(new Set(ids).size).toBe(50)
    },
  ],
  [
    'an id that means nothing',
    'no visits, no time, no instance in it',
    () => expect(idOf(json)).not.toMatch(/\d{10}/),
  ],
  [
    'cookie: Secure under TLS',
    'as the proxy says',
    async () => expect(await overTls()).toContain('; Secure'),
  ],
  ['cookie: HttpOnly', 'always', () => expect(setCookie(json)).toContain('; HttpOnly')],
  ['cookie: SameSite', 'Lax', () => expect(setCookie(json)).toContain('; SameSite=Lax')],
  [
    'cookie: no Domain',
    'so that no other host gets it',
    () => expect(setCookie(json)).not.toMatch(/domain/i),
  ],
  ['cookie: Path', '/', () => expect(setCookie(json)).toContain('; Path=/')],
  [
    'cookie: not persistent',
    'neither Max-Age nor Expires',
    () => expect(setCookie(json)).not.toMatch(/max-age|expires/i),
  ],
  [
    'ids by cookie only',
    'one in the URL or the body is none',
    async () => {
      const value = cookieOf(json).split('=')[1] ?? ''
      const answer = await request(app)
        .post(`/api/visits?connect.sid=${value}`)
        .send({ 'connect.sid': value })
      expect(answer.body).toMatchObject({ visits: 1 })
    },
  ],
  [
    'no id that a client chose (fixation)',
    'without a signature, or with one of another secret, it is not looked up',
    async () => {
      await client.hset('sess:chosen', ':visits', '41')
      for (const cookie of ['chosen', signed('chosen', 'another secret, guessed')]) {
        const answer = await request(app).get('/').set('Cookie', `connect.sid=${cookie}`)
        expect(answer.body).toMatchObject({ visits: 1 })
      }
    },
  ],
  [
    'no id that the server did not make, though rightly signed',
    'a session that is not stored gets another id',
    async () => {
      const answer = await request(app)
        .get('/')
        .set('Cookie', `connect.sid=${signed('made up')}`)
      expect(idOf(answer)).not.toBe('made up')
      expect(await client.exists('sess:made up')).toBe(0)
    },
  ],
  [
    'a new id when rights change',
    'regenerate: the old one ends',
    async () => {
      const old = cookieOf(json)
      const fresh = cookieOf(await request(app).post('/api/session/regenerate').set('Cookie', old))
      expect(fresh).not.toBe(old)
      expect((await request(app).get('/api/session').set('Cookie', old)).status).toBe(404)
      expect((await request(app).get('/api/session').set('Cookie', fresh)).body).toMatchObject({ visits: 1 })
    },
  ],
  [
    'it ends on the server when the user leaves',
    'nothing is left in Redis',
    async () => {
      await request(app).delete('/api/session').set('Cookie', cookieOf(json))
      expect(await client.exists(`sess:${idOf(json)}`)).toBe(0)
    },
  ],
  [
    'an idle time-out on the server',
    'Redis forgets it',
    async () => {
      const ttl = await client.pttl(`sess:${idOf(json)}`)
      expect(ttl).toBeGreaterThan(0)
      expect(ttl).toBeLessThanOrEqual(86_400_000)
    },
  ],
  [
    'ids are not logged',
    'not even at the level trace',
    () => {
      expect(counter.log.length).toBeGreaterThan(0)
      expect(counter.log.join()).not.toContain(idOf(json))
    },
  ],
  [
    'CSRF: what changes state is refused to other sites',
    'Fetch Metadata, else Origin',
    async () => {
      const from = (name: string, value: string) =>
        request(app).delete('/api/session').set('Cookie', cookieOf(json)).set(name, value)
      expect((await from('Sec-Fetch-Site', 'cross-site')).status).toBe(403)
      expect((await from('Sec-Fetch-Site', 'same-site')).status).toBe(403)
      expect((await from('Origin', 'https://evil.example')).status).toBe(403)
      expect(await client.exists(`sess:${idOf(json)}`)).toBe(1)
    },
  ],
]

function isAbsent(header: string): void {
  for (const response of each()) expect(response.headers).not.toHaveProperty(header)
}
function all(header: string, value: string): void {
  for (const response of each()) expect(response.get(header)).toBe(value)
}
function policy(directive: string, value: string): void {
  for (const response of each()) {
    const directives = response.get('Content-Security-Policy')?.split(/\s*;\s*/)
    expect(directives).toContain(`${directive} ${value}`)
  }
}
function signed(id: string, secret = 'of sixteen characters'): string {
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
  return encodeURIComponent(`s:${id}.${signature}`)
}
function idOf(response: Response): string {
  return /^connect\.sid=s:([^.]+)\./.exec(decodeURIComponent(cookieOf(response)))?.[1] ?? ''
}
async function overTls(): Promise<string> {
  return setCookie(await request(app).get('/').set('X-Forwarded-Proto', 'https'))
}

describe("OWASP's sheet on HTTP headers", () => {
  it.each(HEADERS)('%s: %s', async (_header, _wanted, holds) => {
    await holds()
  })
})

describe("OWASP's sheets on sessions and cross-site requests", () => {
  it.each(SESSIONS)('%s: %s', async (_recommendation, _how, holds) => {
    await holds()
  })
})
