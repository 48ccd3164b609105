import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Encryption } from '../../src/store/encryption.js'
import { DecryptionError } from '../../src/store/errors.js'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'
import { type AnySession, load, newSession } from './requests.js'

const { client } = await useRedis()
const [OLD, NEW] = [randomBytes(32), randomBytes(32).toString('base64')]
const open = (options: Partial<ExactRedisStoreOptions> = {}) =>
  new ExactRedisStore({
    client,
    counters: ['visits'],
    cappedLists: { trail: 3 },
    encryptionKeys: [OLD],
    ...options,
  })
const CONTENTS = { visits: 1, trail: ['a'], user: { name: 'ada' } }
const create = (store: ExactRedisStore, sid = 'sid') =>
  store.commit(Object.assign(newSession(store, sid), structuredClone(CONTENTS)) as AnySession)
const texts = (sid = 'sid') => client.hgetall(`sess:${sid}`)

describe('with encryption keys', () => {
  it('Redis has no value in plain text but those that it merges, and overlapping requests keep all', async () => {
    const store = open()
    await create(store)
    const [one, other] = [await load(store, 'sid'), await load(store, 'sid')]
    one.visits += 1
    one.secret = 'swordfish'
    other.visits += 1
    other.other = 'also secret'
    delete other.user
    await Promise.all([store.commit(one), store.commit(other)])
    await store.update('sid', { add: { visits: 1 } }, { keys: ['visits', 'secret'] })
    expect(await store.get('sid')).toMatchObject({ visits: 4, secret: 'swordfish', other: 'also secret' })
    expect(await store.get('sid')).not.toHaveProperty('user')
    const { ':visits': visits, ':trail': trail, ...rest } = await texts()
    expect([visits, trail]).toEqual(['4', '["a"]'])
    for (const name of [':cookie', ':secret', ':other']) expect(rest[name]).toMatch(/^~[\w-]+$/)
    expect(JSON.stringify(rest)).not.toMatch(/ada|swordfish|also secret|path/)
  })

  it('what is left alone is not written again', async () => {
    const store = open()
    await create(store)
    const before = await texts()
    const held = await load(store, 'sid')
    held.visits += 1
    await store.commit(held)
    const after = await texts()
    expect(after[':user']).toBe(before[':user'])
    expect(after[':cookie']).toBe(before[':cookie'])
  })

  it('keys are rotated by a list', async () => {
    await create(open())
    const rotated = open({ encryptionKeys: [NEW, OLD] })
    const held = await load(rotated, 'sid')
    expect(held.user).toEqual(CONTENTS.user)
    held.user = { name: 'eve' }
    await rotated.commit(held)
    await expect(open().get('sid')).rejects.toMatchObject({ code: 'ERR_SESSION_DECRYPTION' })
    expect(await rotated.get('sid')).toMatchObject({ user: { name: 'eve' } })
    // The cookie is still of the old one.
    await expect(open({ encryptionKeys: [NEW] }).get('sid')).rejects.toThrow(/not in encryptionKeys/)
  })

  it('a value that was changed, or put elsewhere, is refused', async () => {
    const store = open()
    await create(store)
    await create(store, 'other')
    const { ':user': user = '' } = await texts()
    await client.hset('sess:other', ':user', user)
    await expect(store.get('other')).rejects.toThrow(/another session/)
    await client.hset('sess:sid', ':name', user)
    await expect(store.get('sid')).rejects.toThrow(/belongs to another/)
    await client.hdel('sess:sid', ':name')
    for (const torn of [user.slice(0, -2), user.slice(0, 12), user.slice(0, 9), '~']) {
      await client.hset('sess:sid', ':user', torn)
      await expect(store.get('sid')).rejects.toMatchObject({ code: 'ERR_SESSION_DECRYPTION' })
    }
  })

  it('what was stored before is read, encrypted by its next change, and moves to a new id', async () => {
    await create(new ExactRedisStore({ client, counters: ['visits'], cappedLists: { trail: 3 } }))
    const store = open()
    const held = await load(store, 'sid')
    held.user = { name: 'eve' }
    await store.commit(held)
    expect((await texts())[':user']).toMatch(/^~/)
    store.generate = () => {}
    const other = await load(store, 'sid')
    other.user = { name: 'bob' }
    await store.commit(other)
    await new Promise<void>((resolve, reject) =>
      store.regenerate(held.req as never, (error) => (error ? reject(error) : resolve())),
    )
    expect(held.user).toEqual({ name: 'bob' })
  })

  it('records of connect-redis are taken over, those that a serializer wrote, too', async () => {
    const record = { cookie: { originalMaxAge: null, expires: null }, ...CONTENTS }
    await client.set('sess:sid', `enc:${Buffer.from(JSON.stringify(record)).toString('hex')}`, 'EX', 60)
    await expect(open().get('sid')).rejects.toMatchObject({ code: 'ERR_SESSION_FOREIGN' })
    const store = open({ parseRecord: (text) => JSON.parse(Buffer.from(text.slice(4), 'hex').toString()) })
    const held = await load(store, 'sid')
    expect(held.user).toEqual(CONTENTS.user)
    held.visits += 1
    await store.commit(held)
    expect(await store.get('sid')).toMatchObject({ ...CONTENTS, visits: 2 })
    expect(JSON.stringify(await texts())).not.toContain('ada')
  })

  it('keys that are none are refused, and not shown', () => {
    for (const wrong of ['secret', [], ['secret'], [Buffer.alloc(16)], [null], [''], {}]) {
      const make = () => open({ encryptionKeys: wrong as never })
      expect(make).toThrow(/^encryptionKeys: expected/)
      expect(make).not.toThrow(/secret/)
    }
  })
})

it('a value that was encrypted before its key was declared is taken over by a commit', async () => {
  const undeclared = new ExactRedisStore({ client, encryptionKeys: [OLD] })
  await create(undeclared)
  const store = open()
  const session = await load(store, 'sid')
  session.visits += 1
  session.trail.push('b')
  await store.commit(session)
  expect(await texts()).toMatchObject({ ':visits': '2', ':trail': '["a",\n"b"]' })
  const later = await load(store, 'sid')
  later.trail.push('c')
  await store.commit(later)
  expect((await store.get('sid'))?.trail).toEqual(['a', 'b', 'c'])
})

it('a value whose seal was cut short is refused: a short one is soon guessed', () => {
  const encryption = new Encryption(['ab'.repeat(32)])
  const sealed = encryption.seal('sid', 'name', '')
  expect(encryption.open('sid', 'name', sealed)).toBe('')
  const [head, bytes] = [sealed.slice(0, 9), Buffer.from(sealed.slice(9), 'base64url')]
  const cut = `${head}${bytes.subarray(0, 12 + 4).toString('base64url')}`
  expect(() => encryption.open('sid', 'name', cut)).toThrow(DecryptionError)
})
