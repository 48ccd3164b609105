import request from 'supertest'
import { expect, it } from 'vitest'
import { createCounter } from '../support/counter.js'

const { app } = createCounter({ SESSION_STORE: 'memory' })

it('sends a strict Content-Security-Policy', async () => {
  const policy = (await request(app).get('/')).get('Content-Security-Policy')
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/unsafe|\*/)
})

it('never answers with the Host that a client made up', async () => {
  for (const host of ['evil.example', 'evil.example:80@127.0.0.1', '"><script>']) {
    const { text, headers } = await request(app).get('/').set('Host', host).set('Accept', 'text/html')
    expect(text + JSON.stringify(headers)).not.toMatch(/evil|"><script>/)
  }
})
