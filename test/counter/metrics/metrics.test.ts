import request from 'supertest'
import { expect, it } from 'vitest'
import { createCounter } from '../../support/counter.js'
import { closedPort } from '../../support/free-port.js'

it('measures requests by route and status, with bounded labels', async () => {
  const counter = createCounter({ SESSION_STORE: 'memory' })
  const get = (path: string) => request(counter.app).get(path)
  await get('/')
  await get('/made-up/1')
  await get('/made-up/2')
  await get('/assets/made-up/3')
  const text = await counter.metrics.registry.metrics()
  expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/",status="200"} 1')
  expect(text).toContain('http_request_duration_seconds_count{method="GET",route="none",status="404"} 2')
  expect(text).toContain(
    'http_request_duration_seconds_count{method="GET",route="/assets/*name",status="404"} 1',
  )
  expect(text).toContain('sessions_created_total 1')
  expect(text).not.toContain('made-up')
})

it('measures a request by its path where it ended before its session was loaded', async () => {
  const port = await closedPort()
  const counter = createCounter({ REDIS_URL: `redis://127.0.0.1:${port}`, SESSION_DEADLINE_MS: '100' })
  await request(counter.app).get('/').set('Cookie', 'connect.sid=s%3Ax.y').expect(503)
  expect(await counter.metrics.registry.metrics()).toContain('route="/",status="503"')
  counter.close()
})
