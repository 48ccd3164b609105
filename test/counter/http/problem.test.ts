import request from 'supertest'
import { expect, it } from 'vitest'
import { createCounter } from '../../support/counter.js'

it('answers problems as RFC 9457 has them', async () => {
  const app = request(createCounter({ SESSION_STORE: 'memory' }).app)
  const problems: [request.Test, number][] = [
    [app.get('/nothing'), 404],
    [app.get('/%ff'), 404],
    [app.put('/'), 405],
    [app.post('/api/session'), 405],
    [app.post('/api/visits').set('Content-Type', 'application/json').send('{"a'), 400],
    [app.post('/api/visits').send({ a: 'x'.repeat(10_000_000) }), 413],
    [app.post('/api/visits').set('Origin', 'null'), 403],
    [app.post('/api/chaos/exit'), 404],
  ]
  for (const [sent, status] of problems) {
    const response = await sent
    expect(response.type).toBe('application/problem+json')
    expect(response.body).toMatchObject({ type: 'about:blank', status, detail: expect.any(String) })
    expect(response.status).toBe(status)
    expect(response.text).not.toMatch(/node_modules|at .*\.js/)
  }
})
