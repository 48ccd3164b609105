import type { SessionData } from 'express-session'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../../src/store/index.js'
import { load, newSession } from '../../store/requests.js'
import { useRedis } from '../../support/use-redis.js'

const { client } = await useRedis()

const store = new ExactRedisStore({
  client,
  counters: ['visits'],
  cappedLists: { trail: 20 },
  deadlineMs: 30_000,
})
/** What express-session keeps in a session for itself, or doesn't take over into one: what each object has. */
const OWN = new Set([
  'cookie',
  'id',
  'req',
  'save',
  'reload',
  'destroy',
  'regenerate',
  'touch',
  'resetMaxAge',
  ...Object.getOwnPropertyNames(Object.prototype),
])

const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    'constructor',
    'toString',
    'hasOwnProperty',
    '@ttl',
    ':visits',
    '@keys',
    'a\0b',
    'visits',
    'trail',
    '',
    ' ',
    '😀',
  ),
)
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('\ud800', '\0', 'x'.repeat(5_000), [], {}, '[]', 1e300, -0, 2 ** 53),
)
const content = fc
  .dictionary(key, value, { maxKeys: 12 })
  .map((found) => Object.fromEntries(Object.entries(found).filter(([name]) => !OWN.has(name))))

const plain = (session: object) => {
  const { cookie: _cookie, ...rest } = JSON.parse(JSON.stringify(session)) as Record<string, unknown>
  return rest
}

let count = 0
const newId = () => {
  count += 1
  return `fuzz ${count}`
}

describe('whatever a session holds', () => {
  it('is stored and loaded as it is', async () => {
    await fc.assert(
      fc.asyncProperty(content, async (found) => {
        const sid = newId()
        await store.commit(Object.assign(newSession(store, sid), found))
        expect(plain(await load(store, sid))).toEqual(plain(found))
      }),
      { numRuns: 500 },
    )
  })

  it('may become anything else, and is that when it is loaded again', async () => {
    await fc.assert(
      fc.asyncProperty(content, content, async (before, after) => {
        const sid = newId()
        await store.commit(Object.assign(newSession(store, sid), before))
        const held = await load(store, sid)
        for (const name of Object.keys(before)) delete held[name]
        Object.assign(held, after)
        await store.commit(held)
        expect(plain(await load(store, sid))).toEqual(plain(after))
      }),
      { numRuns: 500 },
    )
  })

  it('replaces what was there, if another program hands it over', async () => {
    await fc.assert(
      fc.asyncProperty(content, content, async (before, after) => {
        const sid = newId()
        const cookie = { originalMaxAge: 60_000 }
        await store.set(sid, { ...before, cookie } as unknown as SessionData)
        await store.set(sid, { ...after, cookie } as unknown as SessionData)
        expect(plain((await store.get(sid)) ?? {})).toEqual(plain(after))
      }),
      { numRuns: 300 },
    )
  })

  it.each<[string, () => Record<string, unknown>]>([
    ['100,000 keys', () => Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key ${i}`, i]))],
    ['10 MB', () => ({ large: 'x'.repeat(10_000_000) })],
    [
      'a depth of 500',
      () => JSON.parse(`{"deep":${'['.repeat(500)}${']'.repeat(500)}}`) as Record<string, unknown>,
    ],
  ])('may be of %s', async (_name, make) => {
    const sid = newId()
    const found = make()
    await store.commit(Object.assign(newSession(store, sid), found))
    const held = await load(store, sid)
    expect(plain(held)).toEqual(plain(found))
    held.more = 'more'
    await store.commit(held)
    expect((await load(store, sid)).more).toBe('more')
  })

  it('a key that UTF-8 has no form for is refused by its name: two of them would be one', async () => {
    const session = Object.assign(newSession(store, newId()), { '\ud800': 1, '\ud801': 2 })
    await expect(store.commit(session)).rejects.toThrow(/^a session's keys are text.*"\\ud800"$/)
  })
})
