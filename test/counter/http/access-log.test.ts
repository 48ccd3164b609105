import request from 'supertest'
import { expect, it } from 'vitest'
import { cookieOf, createCounter } from '../../support/counter.js'

const open = (LOG_LEVEL: string) => createCounter({ SESSION_STORE: 'memory', LOG_LEVEL })

it('logs each request with its id and neither cookies nor queries', async () => {
  const counter = open('debug')
  const get = (path: string) => request(counter.app).get(path)
  const cookie = cookieOf(await get('/'))
  const given = await get('/?token=hush').set('X-Request-Id', 'from-the-client').set('Cookie', cookie)
  expect(given.get('X-Request-Id')).toBe('from-the-client')
  const made = await get('/').set('X-Request-Id', 'no good\tid')
  expect(made.get('X-Request-Id')).toMatch(/^[\w-]{36}$/)
  const log = counter.log.join('')
  expect(log).toContain('"requestId":"from-the-client"')
  expect(log).toContain(`"requestId":"${made.get('X-Request-Id')}"`)
  expect(log).not.toMatch(/hush|connect\.sid|s%3A/)
})

it('logs at info only what did not go as it should', async () => {
  const counter = open('info')
  await request(counter.app).get('/').expect(200)
  await request(counter.app).get('/made-up').expect(404)
  expect(counter.log.map((line) => JSON.parse(line))).toMatchObject([{ path: '/made-up', status: 404 }])
})
