import { createHmac } from 'node:crypto'
import request from 'supertest'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { STORE_NAMES } from '../../src/counter/config/store-names.js'
import { type Counter, cookieOf, createCounter } from '../support/counter.js'
import { RedisServer } from '../support/redis-server.js'

const [NEW, OLD] = ['the newest secret, of two', 'the older secret, of two']
let redis: RedisServer
let counter: Counter

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())
afterEach(() => counter.close())

const open = (environment: Record<string, string> = {}) => {
  counter = createCounter({ REDIS_URL: redis.url, SESSION_SECRET: 'only of this test', ...environment })
  return counter
}
const get = (path: string) => request(counter.app).get(path)
const visit = (cookie = '') => get('/').set('Cookie', cookie).expect(200)
const keys = async () => counter.client?.keys('sess:*')

describe.each(STORE_NAMES)('the counter with the store %s', (store) => {
  beforeEach(() => {
    open({ SESSION_STORE: store, CF_INSTANCE_INDEX: '2' })
  })

  it('counts the visits of each browser for itself', async () => {
    const first = await visit()
    expect(first.body).toEqual({ visits: 1, instance: { id: expect.any(String), index: 2 }, store })
    const cookie = cookieOf(first)
    expect((await visit(cookie)).body.visits).toBe(2)
    expect((await visit(cookie)).body.visits).toBe(3)
    expect((await visit()).body.visits).toBe(1)
  })

  it('says how long each answer is, also where the session is extended at its end', async () => {
    const cookie = cookieOf(await visit())
    for (let again = 0; again < 2; again += 1) {
      const { headers, text } = await visit(cookie)
      expect(headers).toMatchObject({
        'content-length': `${Buffer.byteLength(text)}`,
        'content-type': 'application/json; charset=utf-8',
      })
    }
  })

  it('shows a session without counting, and none where there is none', async () => {
    const none = await get('/api/session').expect(404)
    expect(none.get('Set-Cookie')).toBeUndefined()
    const cookie = cookieOf(await visit())
    for (let look = 0; look < 2; look += 1) {
      const { body } = await get('/api/session').set('Cookie', cookie).expect(200)
      expect(body).toMatchObject({
        visits: 1,
        store,
        trail: [{ at: expect.any(Number), instance: { index: 2 } }],
      })
      expect(body.expiresInSeconds).toBeGreaterThan(86_390)
      expect(body.expiresInSeconds).toBeLessThanOrEqual(86_400)
    }
  })

  it('keeps the last 20 visits in the trail', async () => {
    const cookie = cookieOf(await visit())
    for (let more = 0; more < 24; more += 1) await visit(cookie)
    const { body } = await get('/api/session').set('Cookie', cookie)
    expect(body.visits).toBe(25)
    expect(body.trail).toHaveLength(20)
  })

  it('counts a click with an Idempotency-Key once', async () => {
    const cookie = cookieOf(await visit())
    const click = (key: string) =>
      request(counter.app).post('/api/visits').set('Cookie', cookie).set('Idempotency-Key', key)
    expect((await click('a').expect(200)).body.visits).toBe(2)
    expect((await click('b').expect(200)).body.visits).toBe(3)
    expect((await click('a').expect(200)).body.visits).toBe(2)
    expect((await get('/api/session').set('Cookie', cookie)).body).toMatchObject({ visits: 3 })
    await click('not ascii é').expect(400)
    await click('x'.repeat(256)).expect(400)
  })

  it('ends a session for good', async () => {
    const cookie = cookieOf(await visit())
    await request(counter.app).delete('/api/session').set('Cookie', cookie).expect(204)
    await request(counter.app).delete('/api/session').set('Cookie', cookie).expect(204)
    await get('/api/session').set('Cookie', cookie).expect(404)
    const again = await visit(cookie)
    expect(again.body.visits).toBe(1)
    expect(cookieOf(again)).not.toBe(cookie)
  })

  it('gives a session a new id with the same count', async () => {
    await request(counter.app).post('/api/session/regenerate').expect(404)
    const old = cookieOf(await visit())
    await visit(old)
    const response = await request(counter.app).post('/api/session/regenerate').set('Cookie', old).expect(200)
    expect(response.body.visits).toBe(2)
    expect((await visit(cookieOf(response))).body.visits).toBe(3)
    await get('/api/session').set('Cookie', old).expect(404)
  })

  it('takes cookies that it did not sign for no cookies', async () => {
    const cookie = cookieOf(await visit())
    const forged = [
      cookie.slice(0, -2),
      `${cookie}x`,
      cookie.replace('s%3A', ''),
      'connect.sid=s%3A.x',
      'connect.sid=%ff',
      'connect.sid=__proto__',
      `connect.sid=s%3A${'x'.repeat(8_000)}`,
    ]
    for (const value of forged) expect((await visit(value)).body.visits).toBe(1)
    expect((await visit(cookie)).body.visits).toBe(2)
  })
})

describe('the counter', () => {
  it('answers a page to a browser', async () => {
    open()
    const page = await get('/')
      .set('Accept', 'text/html,application/xhtml+xml')
      .expect(200)
      .expect('Content-Type', /html/)
    expect(page.text).toMatch(/^<!doctype html>/i)
    expect(page.get('Vary')).toBe('Accept')
    expect(page.get('Cache-Control')).toBe('no-store')
  })

  it('makes cookies that scripts and other sites do not get', async () => {
    open({ TRUST_PROXY: '1' })
    expect((await visit()).get('Set-Cookie')?.[0]).toMatch(
      /^connect\.sid=s%3A.*; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    const secure = await get('/').set('X-Forwarded-Proto', 'https')
    expect(secure.get('Set-Cookie')?.[0]).toMatch(/; Secure/)
  })

  it('believes no proxy that it was not told of', async () => {
    open()
    expect((await get('/').set('X-Forwarded-Proto', 'https')).get('Set-Cookie')?.[0]).not.toMatch(/; Secure/)
  })

  it('still accepts cookies signed with an older secret, and signs with the newest', async () => {
    open({ SESSION_SECRET: OLD })
    const first = await visit()
    const cookie = cookieOf(first)
    counter.close()
    open({ SESSION_SECRET: `${NEW}\n${OLD}` })
    const second = await visit(cookie)
    expect(second.body.visits).toBe(2)
    const young = cookieOf(await visit())
    const anew = cookieOf(second)
    expect(anew).not.toBe(cookie)
    const attributes = (answer: typeof first) => answer.get('Set-Cookie')?.[0]?.split('; ').slice(1)
    expect(attributes(second)).toEqual(attributes(first))
    expect((await visit(anew)).get('Set-Cookie')).toBeUndefined()
    counter.close()
    open({ SESSION_SECRET: NEW })
    expect((await visit(young)).body.visits).toBe(2)
    expect((await visit(anew)).body.visits).toBe(4)
    expect((await visit(cookie)).body.visits).toBe(1)
  })

  it.each(STORE_NAMES)('%s: sets one cookie anew over TLS, and none without', async (store) => {
    open({ SESSION_STORE: store, SESSION_SECRET: `${NEW}\n${OLD}`, TRUST_PROXY: '1' })
    const first = await get('/').set('X-Forwarded-Proto', 'https')
    // What a browser keeps from the instances before the rollout.
    const [id] = decodeURIComponent(cookieOf(first)).slice('connect.sid=s:'.length).split('.')
    const signature = createHmac('sha256', OLD).update(String(id)).digest('base64').replace('=', '')
    const cookie = `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
    const secure = await visit(cookie).set('X-Forwarded-Proto', 'https')
    expect(secure.body.visits).toBe(2)
    expect(secure.get('Set-Cookie')).toEqual([expect.stringMatching(/; Secure/)])
    expect(cookieOf(secure)).toBe(cookieOf(first))
    expect((await visit(cookie)).get('Set-Cookie')).toBeUndefined()
  })

  it('makes no session for reads, probes, HEAD and what it does not know', async () => {
    open()
    await visit()
    await counter.client?.flushall()
    for (const path of ['/healthz', '/api/instances', '/api/session', '/favicon.ico', '/nothing'])
      await get(path)
    await request(counter.app).head('/').expect(200)
    await request(counter.app).post('/').expect(405)
    expect(await keys()).toEqual([])
  })

  it.each(['exact', 'connect-redis'])(
    '%s: keeps all its keys under the prefix it is given',
    async (store) => {
      open({ SESSION_STORE: store, REDIS_KEY_PREFIX: 'blue:', CF_INSTANCE_INDEX: 'auto' })
      await visit()
      await counter.client?.flushall()
      const cookie = cookieOf(await visit())
      expect((await visit(cookie)).body.visits).toBe(2)
      await get('/api/instances').expect(200)
      const found = await counter.client?.keys('*')
      expect(found).toHaveLength(2)
      expect(found?.filter((key) => !key.startsWith('blue:'))).toEqual([])
    },
  )

  it('does not touch the store for probes and unknown paths', async () => {
    open()
    const cookie = cookieOf(await visit())
    await counter.client?.config('RESETSTAT')
    for (const path of ['/healthz', '/readyz', '/nothing']) await get(path).set('Cookie', cookie)
    const stats = String(await counter.client?.info('commandstats'))
    expect(stats.match(/cmdstat_(?!config|info)\w+/g) ?? []).toEqual([])
  })

  it('counts the visit of somebody who returns in one round trip', async () => {
    open()
    const cookie = cookieOf(await visit())
    await visit(cookie)
    await counter.client?.config('RESETSTAT')
    expect((await visit(cookie)).body.visits).toBe(3)
    await request(counter.app)
      .post('/api/visits')
      .set({ Cookie: cookie, 'Idempotency-Key': 'click' })
      .expect(200, /"visits":4/)
    const stats = String(await counter.client?.info('commandstats'))
    expect(stats).toMatch(/cmdstat_evalsha:calls=2,/)
  })

  it('takes over what connect-redis stored, and starts anew where connect-redis finds what exact stored', async () => {
    open({ SESSION_STORE: 'connect-redis' })
    const cookie = cookieOf(await visit())
    counter.close()
    open({ SESSION_STORE: 'exact' })
    expect((await visit(cookie)).body.visits).toBe(2)
    counter.close()
    open({ SESSION_STORE: 'connect-redis' })
    expect((await visit(cookie)).body.visits).toBe(1)
  })

  it('starts anew for a visitor whose session Redis has forgotten', async () => {
    open()
    const cookie = cookieOf(await visit())
    await counter.client?.flushall()
    const { body } = await visit(cookie)
    expect(body.visits).toBe(1)
  })
})
