import request from 'supertest'
import { expect, it } from 'vitest'
import { createCounter } from '../../support/counter.js'

it('refuses what a page of another site sends to change something', async () => {
  const app = request(createCounter({ SESSION_STORE: 'memory' }).app)
  for (const [name, value, status] of [
    ['Origin', 'https://elsewhere.example', 403],
    ['Origin', 'null', 403],
    ['Sec-Fetch-Site', 'cross-site', 403],
    ['Sec-Fetch-Site', 'same-site', 403],
    ['Sec-Fetch-Site', 'same-origin', 200],
    ['Sec-Fetch-Site', 'none', 200],
  ] as const) {
    expect((await app.post('/api/visits').set(name, value)).status).toBe(status)
  }
  await app.delete('/api/session').set('Sec-Fetch-Site', 'cross-site').expect(403)
  await app.get('/api/instances').set('Sec-Fetch-Site', 'cross-site').expect(200)
})
