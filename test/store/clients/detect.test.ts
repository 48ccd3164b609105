// What is no client is said in words, when the store is made.
import { Redis } from 'ioredis'
import * as redis4 from 'redis-4'
import * as redis5 from 'redis-5'
import * as redis6 from 'redis-6'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../../src/store/index.js'
import type { Client } from '../../support/clients.js'

describe('a client that is none', () => {
  const node4 = { url: 'redis://:secret@127.0.0.1:1' }
  it.each([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a URL', 'redis://:secret@127.0.0.1', 'string'],
    ['a URL object', new URL('redis://:secret@127.0.0.1'), 'an object of another kind'],
    ['options', { host: 'secret' }, 'an object of another kind'],
    ['a class', Redis, 'function'],
    ['what connect() gives before it is awaited', Promise.resolve({}), 'a promise: await it'],
    ['node-redis 4', redis4.createClient(node4), 'a client of node-redis 4'],
    [
      'node-redis 4 in its legacy mode',
      redis4.createClient({ ...node4, legacyMode: true }),
      'a client of node-redis 4',
    ],
    ['a Cluster of node-redis 4', redis4.createCluster({ rootNodes: [node4] }), 'a client of node-redis 4'],
    ['the legacy mode of node-redis 5', redis5.createClient().legacy(), 'the legacy mode of node-redis'],
    ['the legacy mode of node-redis 6', redis6.createClient().legacy(), 'the legacy mode of node-redis'],
    ['a pool of node-redis 5', redis5.createClientPool(), 'a pool of node-redis'],
    ['a pool of node-redis 6', redis6.createClientPool(), 'a pool of node-redis'],
    // Its package is 10 MB of native code for each platform.
    ['ioredis-mock', { get() {}, evalsha() {}, customCommand() {}, duplicate() {} }, 'a mock of ioredis'],
    ['valkey-glide', { get() {}, set() {}, del() {}, customCommand() {} }, 'a client of valkey-glide'],
  ])('%s is refused when the store is made, in words', (_name, client, found) => {
    const make = () => new ExactRedisStore({ client: client as unknown as Client })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/^client: expected a client of ioredis/)
    expect(make).toThrow(`found ${found}`)
    expect(make).not.toThrow(/secret/)
  })
})
