import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'

const client = new Redis({ lazyConnect: true })
afterAll(() => client.disconnect())

const open = (options: object) => new ExactRedisStore({ client, ...options })

describe('an option that makes no sense is refused by name:', () => {
  it.each<[object, RegExp]>([
    [{ ttl: Infinity }, /^ttl: .*seconds.*found Infinity/],
    [{ ttl: -1 }, /^ttl/],
    [{ ttl: '60' }, /^ttl: .*found "60"/],
    [{ ttl: {} }, /^ttl/],
    [{ deadlineMs: '5000' }, /^deadlineMs: .*ms.*found "5000"/],
    [{ deadlineMs: 0 }, /^deadlineMs/],
    [{ deadlineMs: -5 }, /^deadlineMs/],
    [{ deadlineMs: null }, /^deadlineMs/],
    [{ deadlineMs: Number.NaN }, /^deadlineMs/],
    [{ deadlineMs: 2 ** 31 }, /^deadlineMs/],
    [{ prefix: 5 }, /^prefix: expected a string/],
    [{ scanCount: -1 }, /^scanCount/],
    [{ scanCount: 1.5 }, /^scanCount/],
    [{ disableTouch: 'yes' }, /^disableTouch/],
    [{ counters: 'visits' }, /^counters: expected an array/],
    [{ counters: [1] }, /^counters/],
    [{ counters: ['cookie'] }, /^counters/],
    [{ cappedLists: ['trail'] }, /^cappedLists: expected an object/],
    [{ cappedLists: 'trail' }, /^cappedLists/],
    [{ cappedLists: null }, /^cappedLists/],
    [{ cappedLists: { trail: 0 } }, /^cappedLists/],
    [{ cappedLists: { trail: '20' } }, /^cappedLists/],
    [{ counters: ['a'], cappedLists: { a: 1 } }, /^counters/],
    [{ onGone: 'throw' }, /^onGone: expected 'ignore' or 'error', found "throw"/],
    [{ durability: 'disc' }, /^durability/],
    [{ durability: null }, /^durability/],
    [{ durability: {} }, /^durability/],
    [{ durability: { replicas: 1.5 } }, /^durability/],
    [{ durability: { waitReplicas: 1 } }, /^durability/],
    [{ prepareConnection: true }, /^prepareConnection/],
    [{ serializer: JSON }, /^serializer: no such option/],
    [{ disableTTL: true }, /^disableTTL: no such option; each session expires/],
    [{ tll: 5 }, /^tll: no such option; expected one of client, prefix/],
    [{ constructor: 1 }, /^constructor: no such option/],
    [{ client: undefined }, /^client/],
    [{ client: null }, /^client/],
    [{ client: 'redis://localhost' }, /^client/],
    [{ client: {} }, /^client/],
    [{ client: Redis }, /^client/],
  ])('%o', (options, message) => {
    expect(() => open(options)).toThrow(TypeError)
    expect(() => open(options)).toThrow(message)
  })

  it('none at all', () => {
    for (const none of [undefined, null, 'redis://localhost'])
      expect(() => Reflect.construct(ExactRedisStore, [none])).toThrow(/^options: expected an object/)
  })
})

describe('what connect-redis takes for its default is taken so:', () => {
  it.each([
    [{ ttl: 0 }],
    [{ ttl: null }],
    [{ ttl: '' }],
    [{ ttl: Number.NaN }],
    [{ ttl: undefined }],
    [{ prefix: null }],
    [{ prefix: undefined }],
    [{ scanCount: 0 }],
    [{ scanCount: null }],
    [{ disableTouch: null }],
    [{ disableTouch: 0 }],
    [{ counters: undefined, cappedLists: undefined, onGone: undefined, deadlineMs: undefined }],
  ])('%o', (options) => {
    expect(open(options)).toMatchObject({ ttl: 86_400, prefix: 'sess:' })
  })

  it('an empty prefix is one', () => {
    expect(open({ prefix: '' }).prefix).toBe('')
  })
})
