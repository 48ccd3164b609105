import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { applied, type Change, fieldsOf } from '../../src/store/change.js'
import { fieldsOfReply } from '../../src/store/session-codec.js'
import { useRedis } from '../support/use-redis.js'
import { anyChange, anyData, RULES } from './arbitraries.js'
import { openQueue } from './commit-queue.js'

const { client } = await useRedis()
const usual = {
  mode: 'update',
  ttlMs: undefined,
  idempotencyKey: '',
  legacy: undefined,
  reads: [],
  expiry: undefined,
  cappedLists: RULES.cappedLists,
} as const

const fieldsIn = async (key: string) => {
  const reply = await client.hgetallBuffer(key)
  return fieldsOfReply(Object.entries(reply).flatMap(([name, text]) => [name, `${text}`]))
}
const callsOf = async (command: string) => {
  const line = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await client.info('commandstats'))
  return Number(line?.[1] ?? 0)
}
const without = (change: Change): Change => ({ ...change, deleted: new Set() })

async function open(key: string, fields: ReadonlyMap<string, string>) {
  const { queue, deadline } = openQueue(client, 'client', 5_000)
  const set = { set: fields, deleted: new Set<string>(), added: new Map(), appended: new Map() }
  const sliding = { kind: 'sliding', ms: 3_600_000 } as const
  await queue.send(
    key,
    { ...usual, mode: 'replace', ttlMs: 3_600_000, expiry: sliding, change: set },
    deadline(),
  )
  return (change: Change, more = {}) => queue.send(key, { ...usual, change, ...more }, deadline())
}

describe('the scripts that are made for a shape', () => {
  beforeEach(() => client.flushall())

  it('do what the model says, for any changes that come one after the other', async () => {
    let sid = 0
    await fc.assert(
      fc.asyncProperty(anyData, fc.array(anyChange, { maxLength: 6 }), async (data, changes) => {
        sid += 1
        let model = fieldsOf({ ...data, always: 1 }, RULES)
        const send = await open(`s${sid}`, model)
        for (const change of changes.map(without)) {
          const [outcome] = await send(change)
          model = applied(model, change, RULES)
          expect(outcome).toBe('ok')
          expect(Object.fromEntries(await fieldsIn(`s${sid}`))).toEqual(Object.fromEntries(model))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('are what a usual visit takes, in two commands to the session', async () => {
    const send = await open(
      's',
      new Map([
        ['cookie', '{}'],
        ['visits', '0'],
      ]),
    )
    const visit = (number: number) =>
      send(
        {
          set: new Map(),
          deleted: new Set(),
          added: new Map([['visits', { by: 1, total: 1 }]]),
          appended: new Map([['trail', [`"${number}"`]]]),
        },
        { loads: [':cookie', ':visits'] },
      )
    // Until Redis has said what time it is.
    await expect.poll(async () => [await visit(1), await callsOf('hmget')][1]).toBeGreaterThan(0)
    await client.config('RESETSTAT')
    const [outcome, counters, found] = await visit(2)
    expect(outcome).toBe('ok')
    expect(found?.slice(2)).toEqual([':cookie', '{}', ':visits', String(counters?.visits)])
    expect(await callsOf('hmget')).toBe(1)
    expect(await callsOf('hset')).toBe(1)
    expect(await callsOf('hget')).toBe(0)
    expect(await callsOf('pexpire')).toBe(0)
  })

  it('leave to the general script what a resend, a strange field or a session of another kind needs', async () => {
    const lean = await open(
      's',
      new Map([
        ['cookie', '{}'],
        ['visits', '1.5'],
        ['trail', '{"a":1}'],
      ]),
    )
    const add = new Map([['visits', { by: 1, total: 7 }]])
    const none = { set: new Map(), deleted: new Set<string>(), added: new Map(), appended: new Map() }
    expect(await lean({ ...none, added: add })).toEqual(['ok', { visits: 7 }])
    await lean({ ...none, appended: new Map([['trail', ['1']]]) })
    expect((await fieldsIn('s')).get('trail')).toBe('[1]')
    await client.del('s')
    expect(await lean({ ...none, added: add })).toEqual(['gone'])
    await client.set('s', '{"cookie":{},"visits":3}')
    const [outcome] = await lean({ ...none, added: add })
    expect(outcome).toBe('moved')
  })

  it('take out the marks of clients that have not been there for 10 minutes', async () => {
    const send = await open('s', new Map([['cookie', '{}']]))
    const [seconds = 0] = await client.time()
    await client.hdel('s', '@wclient')
    await client.hset('s', '@wold', `1 ${Number(seconds) - 700} []`, '@wnew', `1 ${Number(seconds) - 500} []`)
    await send({ set: new Map([['a', '1']]), deleted: new Set(), added: new Map(), appended: new Map() })
    expect(await client.hkeys('s')).not.toContain('@wold')
    expect(await client.hkeys('s')).toContain('@wnew')
  })

  it('count no more entries than a list has, whoever wrote it in between', async () => {
    const send = await open('s', new Map([['cookie', '{}']]))
    const append = (entry: string) =>
      send({
        set: new Map(),
        deleted: new Set(),
        added: new Map(),
        appended: new Map([['trail', [entry]]]),
      })
    const length = RULES.cappedLists.get('trail') ?? 0
    for (let i = 0; i < length + 3; i += 1) await append('"a"')
    expect(JSON.parse((await fieldsIn('s')).get('trail') ?? '')).toHaveLength(length)
    await client.hset('s', ':trail', '["b"]')
    await append('"c"')
    expect(JSON.parse((await fieldsIn('s')).get('trail') ?? '')).toEqual(['b', 'c'])
  })
})
