import { describe, expect, test } from 'vitest'
import { countReaderOf } from '../../../src/drill/journey/count.js'
import { findNumber } from '../../../src/drill/journey/find-number.js'

const answer = (body: string, type = 'text/html') => ({
  headers: { 'content-type': type },
  cookies: new Map<string, string>(),
  body,
})
const numbers = (where: string, body: string, type?: string) =>
  countReaderOf(where)?.(answer(body, type))?.numbers

/** As pages write them: signs, entities, escapes, and a byte that is no UTF-8. */
const SEPARATORS = [
  ...[',', '.', "'", '’', '_', '·', '٬', ' ', '\u00a0', '\u2007', '\u2009', '\u202f', '\ufffd'],
  ...['&nbsp;', '&#160;', '&#xA0;', '&#8239;', '&thinsp;', '&#39;', '&rsquo;', '\\u00a0', '\\u202f'],
]

describe('a number with thousands separators', () => {
  test.each(SEPARATORS)('%j', (separator) => {
    const text = `12${separator}345${separator}678`
    expect(numbers('re:(\\d+)', `<b>${text}</b> visits`)?.[0]).toBe(12_345_678)
    expect(numbers('re:(\\d+)</b>', `<b>${text}</b> visits`)?.[0]).toBe(12_345_678)
    expect(numbers('re:Hits: (\\d+)', `{"text":"Hits: ${text}!"}`, 'application/json')?.[0]).toBe(12_345_678)
    if (!separator.startsWith('\\')) expect(numbers('css:b', `<b>${text}</b> visits`)).toEqual([12_345_678])
  })

  test('is one in lakhs, in a JSON text, or with a text around it', () => {
    expect(numbers('re:(\\d+)', '1,00,000 visits')?.[0]).toBe(100_000)
    expect(numbers('re:(\\d+) visits', '12,34,567 visits')?.[0]).toBe(1_234_567)
    expect(numbers('/n', '{"n":"1 234"}')).toEqual([1234])
    expect(numbers('/n', '{"n":"You came 1,234 times"}')).toEqual([1234])
    expect(numbers('css:b', '<b>980 visits</b>')).toEqual([980])
  })

  test('may be one and something else: the history decides', () => {
    expect(numbers('re:Hits: (\\d+)', 'Hits: 5 120 ms')).toEqual([5120, 5])
    expect(numbers('re:\\[(\\d+)', '<script>d=[3,200]</script>')).toEqual([3200, 3])
  })

  test('is none if it only looks so', () => {
    expect(numbers('re:(\\d+) of', '3, 400 of')).toEqual([400])
    expect(numbers('re:\\[(\\d+)', '[5,123]', 'application/json')).toEqual([5])
    expect(numbers('re:(\\d+)', '12,34')).toEqual([12])
    expect(numbers('re:(\\d+)', '1234,567')).toEqual([1234])
  })
})

test('what is no whole number is none', () => {
  for (const text of ['1K', '1.2K', '1.0e+3', '1\u00a0k', '1万', '3 mil'.replace(' ', '\u00a0')])
    expect(numbers('re:(\\d+)', `<b>${text}</b>`)).toEqual([])
  for (const text of ['-1', '1.2M', '3 of 5', '2026-11-29'])
    expect(numbers('css:b', `<b>${text}</b>`)).toEqual([])
  expect(numbers('/n', '{"n":1.5}')).toEqual([])
  expect(numbers('css:b', '<b>many</b>')).toBeUndefined()
  expect(numbers('re:(\\d+)', 'your 3rd visit, 3.00')).toEqual([3])
})

test('the count is found among others, also if something that looks like its thousands follows', () => {
  const page = (visits: number, ms: number) => answer(`<p>Room 7. Visits: ${visits} ${ms} ms</p>`)
  const where = findNumber([page(1, 120), page(2, 95), page(3, 230)], page(1, 340))
  expect(numbers(where ?? '/', page(4, 120).body)).toEqual([4120, 4])
  const json = (visits: number) => answer(JSON.stringify({ text: `${visits} visits`, visits }))
  expect(findNumber([json(999), json(1000), json(1001)], json(999))).toBe('/visits')
})
