import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { checkOptions } from '../../src/store/checked-options.js'
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
    [{ cappedLists: 5 }, /^cappedLists/],
    [{ cappedLists: { trail: 0 } }, /^cappedLists/],
    [{ cappedLists: { trail: '20' } }, /^cappedLists/],
    [{ cappedLists: { cookie: 20 } }, /^cappedLists: expected an object of keys.*found {"cookie":20}$/],
    [{ cappedLists: { trail: 20, log: 0 } }, /^cappedLists/],
    [{ counters: ['a', 1] }, /^counters/],
    [{ counters: [() => 1] }, /^counters/],
    [{ ttl: 1e13 }, /^ttl: expected seconds, above 0, or a function, found 10000000000000$/],
    [{ ttl: true }, /^ttl: .*found true$/],
    [{ prefix: { toJSON: () => undefined } }, /^prefix: expected a string, found an object$/],
    [{ prefix: () => 5 }, /^prefix: expected a string, found \(\) => 5$/],
    [{ prefix: Symbol('a') }, /found Symbol\(a\)$/],
    [{ format: 'json' }, /^format: expected 'hash' or 'connect-redis', found "json"$/],
    [{ format: null }, /^format: .*found null$/],
    [{ parseRecord: 'JSON' }, /^parseRecord: expected a function, found "JSON"$/],
    [{ stringifyRecord: {} }, /^stringifyRecord: expected a function, found {}$/],
    [{ encryptionKeys: 'key' }, /^encryptionKeys: expected an array of keys, the newest first$/],
    [{ encryptionKeys: [] }, /^encryptionKeys: expected at least one key$/],
    [{ encryptionKeys: ['short'] }, /^encryptionKeys: expected keys of 32 bytes/],
    [{ durability: { replicas: 0 } }, /^durability/],
    [{ durability: { replicas: 1, disk: true } }, /^durability/],
    [{ durability: 1 }, /^durability/],
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
    [{ constructor: 1 }, /^constructor: no such option; expected one of client, prefix/],
    [{ toString: 1 }, /^toString: no such option; expected one of client, prefix/],
    [JSON.parse('{"__proto__":1}'), /^__proto__: no such option; expected one of client, prefix/],
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

describe('an option that makes sense is taken:', () => {
  it('each of them', () => {
    const ttl = () => 5
    const prepareConnection = () => {}
    const checked = checkOptions({
      client,
      prefix: 'app:',
      ttl,
      scanCount: 1,
      disableTouch: true,
      counters: ['visits'],
      cappedLists: { trail: 1 },
      onGone: 'error',
      deadlineMs: 2 ** 31 - 1,
      durability: { replicas: 1 },
      encryptionKeys: ['ab'.repeat(32)],
      format: 'connect-redis',
      parseRecord: (text: string) => `parsed ${text}`,
      stringifyRecord: (data: object) => `written ${JSON.stringify(data)}`,
      prepareConnection,
    } as never)
    expect(checked).toMatchObject({
      prefix: 'app:',
      ttl,
      scanCount: 1,
      disableTouch: true,
      rules: { counters: new Set(['visits']), cappedLists: new Map([['trail', 1]]) },
      onGone: 'error',
      deadlineMs: 2 ** 31 - 1,
      durability: { replicas: 1 },
      format: 'connect-redis',
      prepareConnection,
    })
    expect(checked.encryption?.open('sid', 'a', checked.encryption.seal('sid', 'a', 'text'))).toBe('text')
    expect(checked.parseRecord('a')).toBe('parsed a')
    expect(checked.stringifyRecord({ a: 1 } as never)).toBe('written {"a":1}')
  })

  it.each([
    { durability: 'disk' },
    { durability: 'primary' },
    { ttl: 1e12 },
    { ttl: 0.5 },
    { format: 'hash' },
  ])('%o', (options) => {
    expect(checkOptions({ client, ...options } as never)).toMatchObject(options)
  })

  it('and a later change of an object that it was given in changes nothing', () => {
    const durability = { replicas: 1 }
    const checked = checkOptions({ client, durability })
    durability.replicas = 2
    expect(checked.durability).toEqual({ replicas: 1 })
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

  it('all that nobody says', () => {
    expect(checkOptions({ client })).toEqual({
      prefix: 'sess:',
      ttl: 86_400,
      scanCount: 100,
      disableTouch: false,
      rules: { counters: new Set(), cappedLists: new Map() },
      onGone: 'ignore',
      deadlineMs: 5_000,
      durability: 'primary',
      encryption: undefined,
      format: 'hash',
      parseRecord: expect.any(Function),
      stringifyRecord: expect.any(Function),
      prepareConnection: undefined,
    })
  })

  it('an empty prefix is one', () => {
    expect(open({ prefix: '' }).prefix).toBe('')
  })
})
