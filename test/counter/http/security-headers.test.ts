import request from 'supertest'
import { expect, it } from 'vitest'
import { createCounter } from '../../support/counter.js'

const { app } = createCounter({ SESSION_STORE: 'memory' })

it('sends a strict Content-Security-Policy', async () => {
  const policy = (await request(app).get('/')).get('Content-Security-Policy')
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/unsafe|\*/)
})

it('says in a document, not in each answer, that other sites are told of no referrer', async () => {
  const answers = [
    request(app).get('/').set('Accept', 'text/html'),
    request(app).get('/session').set('Accept', 'text/html'),
    request(app).get('/nowhere').set('Accept', 'text/html'),
  ]
  for (const { text, headers } of await Promise.all(answers)) {
    expect(text).toContain('<meta name="referrer" content="same-origin">')
    // no-referrer, which some have as their default, would have a form without TLS say `Origin: null`.
    expect(headers).not.toHaveProperty('referrer-policy')
  }
})

it('never answers with the Host that a client made up', async () => {
  for (const host of ['evil.example', 'evil.example:80@127.0.0.1', '"><script>']) {
    const { text, headers } = await request(app).get('/').set('Host', host).set('Accept', 'text/html')
    expect(text + JSON.stringify(headers)).not.toMatch(/evil|"><script>/)
  }
})
