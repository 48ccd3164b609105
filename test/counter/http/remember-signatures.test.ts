import signature from 'cookie-signature'
import express from 'express'
import session from 'express-session'
import fc from 'fast-check'
import request from 'supertest'
import { expect, it, vi } from 'vitest'
import { rememberSignatures } from '../../../src/counter/http/remember-signatures.js'

const { sign, unsign } = signature
const computed = vi.fn(unsign)
Object.assign(signature, { unsign: computed })
rememberSignatures()

it('says of each text what cookie-signature says, however often it is asked', () => {
  const secrets = fc.constantFrom('first', 'second', 'third')
  const ids = fc.constantFrom('a', 'b', 'a.b', '', 'é')
  const genuine = fc.tuple(ids, secrets).map(([id, secret]) => sign(id, secret))
  const forged = fc
    .tuple(genuine, fc.nat(50), fc.constantFrom('', 'x', '.'))
    .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1))
  const question = fc.tuple(fc.oneof(genuine, forged, fc.string()), secrets)
  fc.assert(
    fc.property(fc.array(question, { maxLength: 30 }), (questions) => {
      for (const [text, secret] of [...questions, ...questions])
        expect(signature.unsign(text, secret)).toBe(unsign(text, secret))
    }),
  )
})

it('computes what is genuine once, and what is forged each time', () => {
  const [genuine, forged] = [sign('one', 'secret'), sign('one', 'other')]
  computed.mockClear()
  for (let i = 0; i < 3; i += 1) {
    expect(signature.unsign(genuine, 'secret')).toBe('one')
    expect(signature.unsign(forged, 'secret')).toBe(false)
  }
  expect(computed.mock.calls.map(([text]) => text)).toEqual([genuine, forged, forged, forged])
})

it('remembers 2,000, those that were asked for last', () => {
  const texts = Array.from({ length: 2_000 }, (_, i) => sign(`${i}`, 'secret'))
  for (const text of texts) signature.unsign(text, 'secret')
  const [first = '', second = ''] = texts
  signature.unsign(first, 'secret')
  signature.unsign(sign('one more', 'secret'), 'secret')
  computed.mockClear()
  for (const text of texts.slice(2)) signature.unsign(text, 'secret')
  signature.unsign(first, 'secret')
  expect(computed).not.toHaveBeenCalled()
  signature.unsign(second, 'secret')
  expect(computed).toHaveBeenCalledOnce()
})

it('is what express-session asks, for as long as a secret is accepted', async () => {
  const app = express()
  const secrets = ['the old one']
  app.use(session({ secret: secrets, resave: false, saveUninitialized: true }))
  app.get('/', (req, res) => {
    res.send(req.sessionID)
  })
  const agent = request.agent(app)
  const { text } = await agent.get('/')
  computed.mockClear()
  for (let i = 0; i < 3; i += 1) expect((await agent.get('/')).text).toBe(text)
  expect(computed).toHaveBeenCalledOnce()
  secrets.unshift('the new one')
  expect((await agent.get('/')).text).toBe(text)
  secrets.pop()
  expect((await agent.get('/')).text).not.toBe(text)
})
