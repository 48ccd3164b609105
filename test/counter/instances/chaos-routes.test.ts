import request from 'supertest'
import { expect, it } from 'vitest'
import { createCounter } from '../../support/counter.js'

it('dies on demand only with chaos enabled', async () => {
  const counter = createCounter({ SESSION_STORE: 'memory', CHAOS_ENABLED: 'true' })
  const chaos = (body: object) => request(counter.app).post('/api/chaos/exit').send(body)
  await chaos({ mode: 'kill' }).expect(202)
  await chaos({}).expect(202)
  await chaos({ mode: 'gently' }).expect(400)
  expect(counter.exits).toEqual(['kill', 'graceful'])

  const calm = createCounter({ SESSION_STORE: 'memory' })
  await request(calm.app).post('/api/chaos/exit').expect(404)
  expect(calm.exits).toEqual([])
})
