// What the smaller scripts do, case by case.
import type { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CREATE, KIND, RECORD, RETIRE, TOUCH } from '../../src/store/scripts.generated.js'
import { useRedis } from '../support/use-redis.js'

const { client } = await useRedis()
const now = async () => Number((await client.time())[0])
const writes = async () =>
  Number(/rdb_changes_since_last_save:(\d+)/.exec(await client.info('persistence'))?.[1])

/** @returns a client of a Redis user who may run all commands but this one. */
async function without(command: string): Promise<Redis> {
  await client.acl('SETUSER', 'limited', 'on', '>word', '~*', '+@all', `-${command}`)
  const limited = client.duplicate({ username: 'limited', password: 'word' })
  onTestFinished(() => limited.disconnect())
  return limited
}

describe('touch', () => {
  const touch = (...args: string[]) => client.eval(TOUCH.lua, 1, 's', ...args)

  it.each([
    ["by the session's own measure", '1', '900000', 900_000],
    ['by what it is given, if there is no measure', '1', undefined, 500_000],
    ['by what it is given', '0', '900000', 500_000],
  ])('extends %s', async (_how, ownFirst, own, ms) => {
    await client.hset('s', { ':cookie': '{}', ...(own === undefined ? {} : { '@ttl': own }) })
    await touch('500000', ownFirst)
    expect(await client.pttl('s')).toBeLessThanOrEqual(ms)
    expect(await client.pttl('s')).toBeGreaterThan(ms - 100_000)
  })

  it.each(['0', '1'])('extends a record of connect-redis, and says nothing: %s', async (ownFirst) => {
    await client.set('s', '{}')
    expect(await touch('500000', ownFirst)).toBeNull()
    expect(await client.pttl('s')).toBeGreaterThan(400_000)
  })
})

describe('retire', () => {
  const retire = () => client.eval(RETIRE.lua, 2, 's', '{s}:retired:call', '500000')

  it('answers the same when it is asked again, for a while', async () => {
    await client.hset('s', ':cookie', '{}')
    expect(await retire()).toEqual([':cookie', '{}'])
    expect(await retire()).toEqual([':cookie', '{}'])
    expect(await client.keys('*')).toEqual(['{s}:retired:call'])
    expect(await client.pttl('{s}:retired:call')).toBeLessThanOrEqual(500_000)
    expect(await client.pttl('{s}:retired:call')).toBeGreaterThan(400_000)
  })

  it('answers with the text of a record, and with nothing for none', async () => {
    expect(await retire()).toEqual([])
    await client.set('s', '{"a":1}')
    expect(await retire()).toBe('{"a":1}')
  })
})

describe('create', () => {
  it('makes one if there is none, and says whether it did', async () => {
    const create = (text: string) => client.eval(CREATE.lua, 1, 's', '500000', ':a', text)
    expect(await create('1')).toBe(1)
    expect(await create('2')).toBeNull()
    expect(await client.hgetall('s')).toEqual({ ':a': '1' })
    expect(await client.pttl('s')).toBeGreaterThan(400_000)
  })
})

describe('kind', () => {
  const kind = () => client.eval(KIND.lua, 1, 's')

  it('tells a session, whatever it holds, from what others have', async () => {
    expect(await kind()).toBeNull()
    for (const fields of [
      ['@ttl', '1'],
      [':cookie', '{}'],
      [':a', '1', 'theirs', '1'],
    ]) {
      await client.hset('s', ...fields)
      expect(await kind()).toBe(1)
      await client.del('s')
    }
    await client.hset('s', 'theirs', '1', '@w', '1')
    expect(await kind()).toBeNull()
    await client.set('s', '1')
    expect(await kind()).toEqual(['1'])
    await client.del('s')
    await client.sadd('s', '1')
    expect(await kind()).toBeNull()
  })

  it('is refused, if Redis lets its user not look', async () => {
    await client.hset('s', ':cookie', '{}')
    const limited = await without('hget')
    await expect(limited.eval(KIND.lua, 1, 's')).rejects.toThrow()
  })
})

describe('record', () => {
  const OK = '["ok",{}]'
  const COMMITS = '{s}:commits'
  interface Sent {
    readonly of?: string
    readonly sequence?: number
    readonly key?: string
    readonly version?: string
    readonly text?: string
    readonly ms?: number
    readonly outcome?: string
  }
  const send = ({
    of = 'me',
    sequence = 5,
    key = '',
    version = 'any',
    text = '{}',
    ms = 0,
    outcome = OK,
  }: Sent) => client.eval(RECORD.lua, 2, 's', COMMITS, of, sequence, key, version, text, ms, outcome)

  it('is applied once, and refused behind a later one of its client', async () => {
    expect(await send({ text: '1', outcome: '["ok",{"a":1}]' })).toEqual(['done', '["ok",{"a":1}]'])
    expect(await send({ text: '2' })).toEqual(['done', '["ok",{"a":1}]'])
    await expect(send({ sequence: 4, text: '3' })).rejects.toThrow('STALE')
    expect(await client.get('s')).toBe('1')
    expect(await send({ sequence: 40, text: '4' })).toEqual(['done', OK])
    await expect(send({ sequence: 6, text: '5' })).rejects.toThrow('STALE')
    expect(await client.get('s')).toBe('4')
  })

  it('that comes again, by itself or under its key, is a change for those who wait for replicas', async () => {
    await send({ key: '"k"' })
    for (const again of [{}, { of: 'other', key: '"k"' }]) {
      const before = await writes()
      await send(again)
      expect(await writes()).toBeGreaterThan(before)
    }
  })

  it('under a key that is known is the first again, while there is a session', async () => {
    await send({ key: '"k"', text: '1', outcome: '["ok",{"a":1}]' })
    expect(await send({ of: 'other', key: '"k"', text: '2' })).toEqual(['done', '["dup",{"a":1}]'])
    expect(await send({ of: 'other', key: '"l"', text: '3' })).toEqual(['done', OK])
    expect(await send({ of: 'fourth', key: '"k"', text: '3' })).toEqual(['done', '["dup",{"a":1}]'])
    await client.del('s')
    expect(await send({ of: 'third', key: '"k"', text: '4' })).toEqual(['done', OK])
    expect(await client.get('s')).toBe('4')
  })

  it('is remembered for 10 minutes, with a key only if it has one', async () => {
    await send({})
    expect(await client.hkeys(COMMITS)).toEqual(['@wme'])
    expect(await client.hget(COMMITS, '@wme')).toMatch(
      new RegExp(`^5 ${String(await now()).slice(0, 8)}\\d\\d `),
    )
    expect(await client.pttl(COMMITS)).toBeLessThanOrEqual(600_000)
    expect(await client.pttl(COMMITS)).toBeGreaterThan(500_000)
    await client.persist(COMMITS)
    await send({})
    expect(await client.pttl(COMMITS)).toBeGreaterThan(500_000)
  })

  it('knows the newest keys only: of 128 the oldest goes, whichever it is', async () => {
    await client.set('s', '1')
    const seconds = await now()
    const ages = Array.from({ length: 128 }, (_, i) => (i === 60 ? 200 : 100 - (i % 7)))
    await client.hset(
      COMMITS,
      Object.fromEntries(ages.map((age, i) => [`@w"${i}"`, `0 ${seconds - age} ${OK}`])),
    )
    await send({})
    expect(await client.hlen(COMMITS)).toBe(129)
    await send({ of: 'other', key: '"new"' })
    const left = await client.hkeys(COMMITS)
    expect(left.filter((name) => name.startsWith('@w"'))).toHaveLength(128)
    expect(left).not.toContain('@w"60"')
    expect(left).toContain('@w"new"')
  })

  it.each([
    ['first', {}, true],
    ['next', { sequence: 6 }, false],
    ['next, with a key,', { sequence: 6, key: '"k"' }, true],
  ])('takes out what is older, if it is the %s of its client', async (which, sent, isOut) => {
    if (which !== 'first') await send({})
    await client.hset(
      COMMITS,
      '@wold',
      `1 ${(await now()) - 601} []`,
      '@wyoung',
      `1 ${(await now()) - 500} []`,
    )
    await send(sent)
    expect(await client.hexists(COMMITS, '@wold')).toBe(isOut ? 0 : 1)
    expect(await client.hexists(COMMITS, '@wyoung')).toBe(1)
  })

  it('writes only over what it knows, else it answers what is there', async () => {
    expect(await send({ version: 'look' })).toEqual(['found', 'none', -2, []])
    await client.set('s', '1', 'PX', 500_000)
    const [, version, pttl, content] = (await send({ version: 'look' })) as [string, string, number, string[]]
    expect([version, content]).toEqual(['356a192b7913b04c54574d18c28d46e6395428ab', ['1']])
    expect(pttl).toBeGreaterThan(400_000)
    expect(await send({ version, text: '2' })).toEqual(['done', OK])
    expect(await client.get('s')).toBe('2')
    expect(await client.pttl('s')).toBeGreaterThan(400_000)
    const late = await send({ version, sequence: 6, text: '3', ms: 900_000 })
    expect((late as unknown[])[0]).toBe('found')
    await send({ sequence: 7, text: '4', ms: 900_000 })
    expect(await client.get('s')).toBe('4')
    expect(await client.pttl('s')).toBeGreaterThan(800_000)
  })

  it('tells the fields of a hash, and nothing of what is neither', async () => {
    await client.hset('s', ':a', '1')
    const [said, version, , content] = (await send({ version: 'look' })) as unknown[]
    expect([said, content]).toEqual(['found', [':a', '1']])
    expect(await send({ version: String(version), text: '2' })).toEqual(['done', OK])
    await client.del('s')
    await client.lpush('s', 'a')
    expect(await send({ version: 'look', sequence: 6 })).toEqual(['found', 'foreign', -1, []])
  })

  it('is refused, if Redis lets its user not look', async () => {
    const limited = await without('hgetall')
    await client.hset('s', ':a', '1')
    await expect(limited.eval(RECORD.lua, 2, 's', COMMITS, 'me', 5, '', 'any', '1', 0, OK)).rejects.toThrow()
    expect(await client.hgetall('s')).toEqual({ ':a': '1' })
  })
})
