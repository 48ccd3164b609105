// What a script's reply says of a session, and what data that is.
import { describe, expect, it } from 'vitest'
import { DecryptionError, ForeignRecordError } from '../../src/store/errors.js'
import { FIXED } from '../../src/store/expiry.js'
import { dataOf, fieldsOfReply, loadedOf, parseRecord, partsOf } from '../../src/store/session-codec.js'
import { RULES } from './arbitraries.js'

const load = (...parts: string[]) => loadedOf('sid', parts, 42, RULES, JSON.parse)
const NEVER = Number.NEGATIVE_INFINITY

describe('a reply', () => {
  it('is one text with zeros between its parts, a list, or nothing', () => {
    expect(partsOf('a\0b\0')).toEqual(['a', 'b', ''])
    expect(partsOf(['a', 1])).toEqual(['a', '1'])
    expect(partsOf(null)).toEqual([])
    expect(partsOf(undefined)).toEqual([])
  })

  it('of nothing is no session', () => {
    expect(load()).toBeUndefined()
  })

  it('is a session that slides, as it was loaded', () => {
    expect(load('900', '1000', '@ttl', '1000', ':a', '1', '@wmark', '5', ':b', '[2]')).toEqual({
      sid: 'sid',
      ttlMs: 900,
      counts: true,
      unextended: undefined,
      base: new Map([
        ['a', '1'],
        ['b', '[2]'],
      ]),
      legacy: undefined,
      expiry: { kind: 'sliding', ms: 1_000 },
      extendedAt: 42,
    })
  })

  it('is one that ends at a fixed time, which no use extends', () => {
    expect(load('900', '', ':a', '1')).toMatchObject({ expiry: FIXED, extendedAt: NEVER, ttlMs: 900 })
  })

  it('says behind a space why it was not extended', () => {
    const refused = load("900 READONLY You can't write", '1000', ':a', '1')
    expect(refused).toMatchObject({ ttlMs: 900, unextended: "READONLY You can't write" })
    expect(load('900 ', '1000', ':a', '1')).toMatchObject({ ttlMs: 900, unextended: '' })
  })

  it('is a record of connect-redis, with an empty name', () => {
    const text = '{"a":1,"trail":["b"]}'
    const fields = new Map([
      ['a', '1'],
      ['trail', '["b"]'],
    ])
    const found = load('900', '', '', text)
    expect(found).toMatchObject({ base: fields, legacy: { text, fields }, extendedAt: NEVER, ttlMs: 900 })
    expect(found?.expiry).toBeUndefined()
    // A change of the base leaves the record alone.
    found?.base.set('a', '2')
    expect(found?.legacy?.fields.get('a')).toBe('1')
  })

  it('is none of ours if it has neither a field nor a measure of ours', () => {
    expect(() => load('900', '', 'name', 'of another')).toThrow(ForeignRecordError)
    expect(load('900', '1000', 'name', 'of another')?.base.size).toBe(0)
    expect(() => load('900', '', '')).toThrow(ForeignRecordError)
  })

  it('has the fields that begin with a colon, from where they begin', () => {
    expect(fieldsOfReply([':a', '1', 'b', '2', '', '3', ':', '4', ':c'])).toEqual(
      new Map([
        ['a', '1'],
        ['', '4'],
        ['c', 'null'],
      ]),
    )
    expect(fieldsOfReply(['x', ':a', ':b', '2'], 2)).toEqual(new Map([['b', '2']]))
  })
})

describe('a record', () => {
  it('is an object', () => {
    expect(parseRecord('{"a":1}', JSON.parse)).toEqual({ a: 1 })
  })

  it.each(['1', 'null', '"a"', '[1]'])('is none of ours if it is %s', (text) => {
    expect(() => parseRecord(text, JSON.parse)).toThrow(ForeignRecordError)
  })

  it('that is no JSON is not shown; what a parser of the user’s says is', () => {
    const cause = (parse: (text: string) => unknown) => {
      try {
        return parseRecord('secret', parse)
      } catch (error) {
        expect(error).toBeInstanceOf(ForeignRecordError)
        return (error as Error).cause
      }
    }
    expect(cause(JSON.parse)).toBeUndefined()
    const own = new Error('the checksum is wrong')
    expect(
      cause(() => {
        throw own
      }),
    ).toBe(own)
  })

  it('is parsed at once: a promise is refused in words', () => {
    expect(() => parseRecord('{}', async () => ({}))).toThrow(/^parseRecord: expected .* no promise$/)
  })
})

describe('data', () => {
  const cookie = (expires: unknown) => new Map([['cookie', JSON.stringify({ expires, path: '/' })]])

  it('is what its fields say, whatever their names', () => {
    const data = dataOf(
      new Map([
        ['__proto__', '{"a":1}'],
        ['b"', '[2]'],
        ['c', 'null'],
      ]),
    )
    expect(JSON.stringify(data)).toBe('{"__proto__":{"a":1},"b\\"":[2],"c":null}')
    expect(dataOf(new Map())).toEqual({})
  })

  it('has a cookie that expires with its session, if it expires', () => {
    const before = Date.now()
    const { expires } = dataOf(cookie('2020-01-01T00:00:00.000Z'), 60_000).cookie
    expect(Date.parse(String(expires))).toBeGreaterThanOrEqual(before + 60_000)
    expect(dataOf(cookie(null), 60_000).cookie.expires).toBeNull()
    expect(dataOf(new Map([['cookie', 'null']]), 60_000).cookie).toBeNull()
  })

  it.each([undefined, 0, -1])(
    'has the cookie as it was stored if its session has no time left to tell: %s',
    (ttlMs) => {
      expect(dataOf(cookie('2020-01-01'), ttlMs).cookie.expires).toBe('2020-01-01')
    },
  )

  it('that can’t be read is not shown: encrypted, or no JSON', () => {
    const broken = (text: string) => () =>
      dataOf(
        new Map([
          ['a', '1'],
          ['b', text],
        ]),
      )
    expect(broken('~secret')).toThrow(DecryptionError)
    expect(broken('~secret')).toThrow(/this store has no encryptionKeys$/)
    expect(broken('secret')).toThrow(ForeignRecordError)
    expect(broken('secret')).not.toThrow(/secret/)
  })
})
