import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAdapter, valueAt } from '../../src/drill/adapter.js'
import { cookieFrom, isAnotherSession } from '../../src/drill/http/cookie.js'

const answer = (body: string, headers = {}) => ({ status: 200, headers, setCookie: [], body })

test('a JSON pointer finds what it points at, whatever the keys are', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), fc.nat(), (keys, value) => {
      const document = keys.reduceRight<unknown>((inner, key) => Object.fromEntries([[key, inner]]), value)
      const pointer = keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
      expect(valueAt(document, pointer)).toBe(value)
    }),
  )
})

test('the number comes by pointer or by regular expression; anything else is none', () => {
  const pointer = parseAdapter('POST /hit /data/0/n')
  expect(pointer?.visit).toEqual({ method: 'POST', path: '/hit' })
  expect(pointer?.numberOf(answer('{"data":[{"n":7}]}'))).toBe(7)
  expect(pointer?.numberOf(answer('{"data":[{"n":"7"}]}'))).toBe(7)
  for (const wrong of [
    '',
    '{',
    'null',
    '{"data":[]}',
    '{"data":[{"n":-1}]}',
    '{"data":[{"n":1.5}]}',
    '{"data":[{"n":{}}]}',
  ])
    expect(pointer?.numberOf(answer(wrong))).toBeUndefined()
  const text = parseAdapter('/?a=b re:visit #(\\d+)', 'DELETE /me', 'header:X-Pod')
  expect(text?.numberOf(answer('your visit #12!'))).toBe(12)
  expect(text?.instanceOf(answer('', { 'x-pod': 'web-1' }))).toBe('web-1')
  expect(text?.destroy).toEqual({ method: 'DELETE', path: '/me' })
})

test('the session cookie is read as a browser reads it', () => {
  const set = ['a=1; Path=/', 'sid=x=y; HttpOnly; SameSite=Lax', 'sid2=no']
  expect(cookieFrom(set, 'sid')).toBe('x=y')
  expect(cookieFrom(set, 'none')).toBeUndefined()
  expect(cookieFrom(['sid=x; Max-Age=0'], 'sid')).toBe('')
  expect(cookieFrom(['sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], 'sid')).toBe('')
  expect(cookieFrom(['sid=x; Max-Age=60'], 'sid')).toBe('x')
})

test('another signature is the same session, another id is not, and other forms say nothing', () => {
  expect(isAnotherSession('s%3Aabc.one', 's%3Aabc.two')).toBe(false)
  expect(isAnotherSession('s%3Aabc.one', 's:abc.one')).toBe(false)
  expect(isAnotherSession('s%3Aabc.one', 's%3Aabd.one')).toBe(true)
  expect(isAnotherSession('abc', 'abd')).toBe(false)
})
