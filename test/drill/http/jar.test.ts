import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Jar, type RefusedCookie } from '../../../src/drill/http/jar.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function jarWith(...headers: string[]): { jar: Jar; refused: RefusedCookie[] } {
  const jar = new Jar('http://127.0.0.1:8080')
  const refused: RefusedCookie[] = []
  jar.keep(headers, '/shop', refused)
  return { jar, refused }
}

test('Max-Age counts from when a cookie was set, however often it is sent', () => {
  const { jar } = jarWith('sid=x; Path=/; Max-Age=10')
  for (let second = 0; second < 9; second++) {
    vi.advanceTimersByTime(1000)
    expect(jar.header('/')).toBe('sid=x')
  }
  expect(jar.end('sid')).toBe(Date.now() + 1000)
  vi.advanceTimersByTime(1500)
  expect(jar.header('/')).toBe('')
})

test('a cookie that is set again lasts longer; one of the session, or a deleted one, has no end', () => {
  const { jar } = jarWith('sid=x; Path=/; Max-Age=10', 'tab=y; Path=/')
  jar.keep(['sid=x; Path=/; Max-Age=20'], '/')
  expect(jar.end('sid')).toBe(Date.now() + 20_000)
  expect(jar.end('tab')).toBe(Number.POSITIVE_INFINITY)
  jar.keep(['sid=; Path=/; Max-Age=0'], '/')
  expect(jar.end('sid')).toBe(Number.POSITIVE_INFINITY)
  expect(jar.header('/')).toBe('tab=y')
})

test.each([
  '__Host-id=x; Path=/',
  '__Host-id=x; Path=/; Secure; Domain=127.0.0.1',
  '__Host-id=x; Path=/shop; Secure',
  '__Secure-id=x; Path=/',
  'id=x; Domain=shop.example',
  'id=x; Expires=Thu, 01 Jan 2015 00:00:00 GMT',
])('a browser refuses %s, and it is said so', (header) => {
  const { jar, refused } = jarWith(header)
  expect(jar.header('/shop')).toBe('')
  expect(refused).toHaveLength(1)
})

test.each(['__Host-id=x; Path=/; Secure', '__Secure-id=x; Secure', 'id=x; Domain=127.0.0.1', 'id="x"'])(
  'a browser keeps %s on this machine',
  (header) => {
    expect(jarWith(header)).toMatchObject({ refused: [] })
    expect(jarWith(header).jar.header('/shop')).toBe(header.split(';')[0])
  },
)

test('cookies for other paths are known, and one can be dropped', () => {
  const { jar } = jarWith('sid=x; Path=/admin', 'tab=y; Path=/')
  expect(jar.elsewhere('/shop')).toEqual([{ name: 'sid', path: '/admin' }])
  jar.drop('tab')
  expect(jar.header('/shop')).toBe('')
  expect(jar.header('/admin')).toBe('sid=x')
})

test('a cookie that is deleted is no refused one', () => {
  const { jar, refused } = jarWith('sid=x', 'old=; Max-Age=0', 'sid=deleted; Max-Age=0')
  expect(jar.header('/shop')).toBe('')
  expect(refused).toEqual([])
})
