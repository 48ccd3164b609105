import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAnotherSession } from '../../../src/drill/http/jar.js'
import { countReaderOf } from '../../../src/drill/journey/count.js'
import { readerOf, textOf, valueAt } from '../../../src/drill/journey/where.js'

const answer = (body: string, headers = {}) => ({ headers, cookies: new Map<string, string>(), body })
const number = (where: string, body: string, headers = {}) =>
  countReaderOf(where)?.(answer(body, headers))?.numbers[0]

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
  expect(number('/data/0/n', '{"data":[{"n":7}]}')).toBe(7)
  expect(number('/data/0/n', '{"data":[{"n":"7"}]}')).toBe(7)
  expect(number('/data', '{"data":[1,2,3]}')).toBe(3)
  for (const wrong of [
    '',
    '{',
    'null',
    '{"data":[]}',
    '{"data":[{"n":-1}]}',
    '{"data":[{"n":1.5}]}',
    '{"data":[{"n":{}}]}',
  ])
    expect(number('/data/0/n', wrong)).toBeUndefined()
  expect(number('re:visit #(\\d+)', 'your visit #12!')).toBe(12)
  expect(textOf(readerOf('header:X-Pod')?.(answer('', { 'x-pod': 'web-1' })))).toBe('web-1')
})

test('selectors find a text, a value, an attribute, or how many there are', () => {
  const page =
    '<ul id=cart><li>a<li class=x>b</ul><input name="_csrf" value="t0k"><meta name="csrf" content="m"><i data-n="4"></i>'
  const read = (where: string) => readerOf(where)?.(answer(page))
  expect(read('css:input[name=_csrf]')).toBe('t0k')
  expect(read('css:meta[name=csrf]')).toBe('m')
  expect(read('css:i@data-n')).toBe('4')
  expect(read('count:#cart li')).toBe(2)
  expect(read('css:.none')).toBeUndefined()
  expect(readerOf('css:[[')).toBeUndefined()
  expect(readerOf('re:(')).toBeUndefined()
  expect(readerOf('elsewhere')).toBeUndefined()
})

test('another signature is the same session, another id is not, and other forms say nothing', () => {
  expect(isAnotherSession('s%3Aabc.one', 's%3Aabc.two')).toBe(false)
  expect(isAnotherSession('s%3Aabc.one', 's:abc.one')).toBe(false)
  expect(isAnotherSession('s%3Aabc.one', 's%3Aabd.one')).toBe(true)
  expect(isAnotherSession('abc', 'abd')).toBe(false)
})
