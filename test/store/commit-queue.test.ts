// How commits to one session become batches, and what each hears: with a Redis that answers only when it is told to.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { NO_CHANGE } from '../../src/store/change.js'
import type { Commit } from '../../src/store/commit.js'
import { CommitQueue } from '../../src/store/commit-queue.js'
import { Durability } from '../../src/store/durability.js'
import { RetryingClient } from '../../src/store/retrying-client.js'
import { UPDATE } from './commit-queue.js'
import { fakeClient } from './fake-client.js'

interface Sent {
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
  readonly answer: (reply: unknown) => void
  readonly fail: (error: Error) => void
}

let sent: Sent[]
let losses: number
beforeEach(() => {
  sent = []
  losses = 0
})

/** @param time what Redis says to TIME */
function open(deadlineMs = 60_000, time: unknown = undefined) {
  const client = fakeClient({
    get losses() {
      return losses
    },
    primaries: () => [{ call: async () => time, script: async () => undefined }],
    script: (_script, keys, args) =>
      new Promise((answer, fail) => {
        sent.push({ keys, args, answer, fail })
      }),
  })
  const redis = new RetryingClient(
    client,
    new Durability('primary', client, deadlineMs),
    deadlineMs,
    () => {},
  )
  const queue = new CommitQueue('client', client)
  return (commit: Partial<Commit> = {}, key = 's', deadline = redis.deadline()) =>
    queue.send(key, { ...UPDATE, ...commit }, deadline, redis)
}
const ok = (many = 1) => JSON.stringify(Array(many).fill(['ok', {}]))
/** Client, sequence, commits in the batch, fields that it loads (-1: all). */
const heads = () => sent.map(({ args }) => args[0])
const reply = (i: number, text: unknown) => sent[i]?.answer(text)

describe('commits to a session', () => {
  it('go out at once, and gather while one is in flight', async () => {
    const send = open()
    const all = [send(), send(), send()]
    expect(heads()).toEqual(['client 1000000001 1 0'])
    reply(0, ok())
    expect(await all[0]).toEqual(['ok', {}])
    await expect.poll(heads).toEqual(['client 1000000001 1 0', 'client 1000000002 2 0'])
    all.push(send())
    reply(1, ok(2))
    await expect.poll(heads).toHaveLength(3)
    reply(2, ok())
    expect(await Promise.all(all)).toEqual(Array(4).fill(['ok', {}]))
  })

  it('wait for none to another session', async () => {
    const send = open()
    const both = [send({}, 'a'), send({}, 'b')]
    expect(sent.map(({ keys }) => keys)).toEqual([['a'], ['b']])
    for (const i of [0, 1]) reply(i, ok())
    await Promise.all(both)
  })

  it('are 64 in a batch at most', async () => {
    const send = open()
    const all = Array.from({ length: 1 + 64 + 6 }, () => send())
    reply(0, ok())
    await expect.poll(heads).toHaveLength(2)
    reply(1, ok(64))
    await expect.poll(heads).toHaveLength(3)
    expect(heads().slice(1)).toEqual(['client 1000000002 64 0', 'client 1000000003 6 0'])
    reply(2, ok(6))
    await Promise.all(all)
  })

  it('fail with their batch, and only with that', async () => {
    const send = open()
    const [first, second] = [send(), send()]
    const failed = expect(first).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
    sent[0]?.fail(new Error('OOM command not allowed'))
    await failed
    await expect.poll(heads).toHaveLength(2)
    reply(1, ok())
    expect(await second).toEqual(['ok', {}])
    // One that waited fails with its own.
    const [third, fourth] = [send(), send()]
    const late = expect(fourth).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
    reply(2, ok())
    await third
    await expect.poll(heads).toHaveLength(4)
    sent[3]?.fail(new Error('OOM command not allowed'))
    await late
  })

  it('that wait are rejected at their own deadline, and never sent', async () => {
    const send = open()
    const [first, second] = [send(), send()]
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const late = send({}, 's', performance.now() + 30)
    const [[, ms] = []] = timers.mock.calls
    timers.mockRestore()
    expect(ms).toBeLessThanOrEqual(30)
    await expect(late).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    expect(heads()).toHaveLength(1)
    reply(0, ok())
    await first
    await expect.poll(heads).toEqual(['client 1000000001 1 0', 'client 1000000002 1 0'])
    reply(1, ok())
    await second
  })

  it('are rejected if their deadline is over as they come, without a timer of a negative time', async () => {
    const send = open()
    const first = send()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await expect(send({}, 's', performance.now() - 1)).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    const negative = timers.mock.calls.filter(([, ms]) => Number(ms) < 0)
    timers.mockRestore()
    expect(negative).toEqual([])
    reply(0, ok())
    await first
    expect(heads()).toHaveLength(1)
  })

  it('of which one alone waits, and too long, send nothing more', async () => {
    const send = open()
    const first = send()
    await expect(send({}, 's', performance.now() + 30)).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    reply(0, ok())
    await first
    const next = send()
    await expect.poll(heads).toEqual(['client 1000000001 1 0', 'client 1000000002 1 0'])
    reply(1, ok())
    expect(await next).toEqual(['ok', {}])
  })

  it('are told if the script answers for fewer', async () => {
    const send = open()
    const first = send()
    const rejected = expect(first).rejects.toThrow('answered for fewer commits')
    reply(0, '[]')
    await rejected
  })
})

describe('once the time of Redis is known', () => {
  const opened = async () => {
    const send = open(60_000, ['1700000000', '0'])
    const first = send()
    reply(0, ok())
    await first
    return send
  }

  it('a commit alone goes by a script of its own, and several by the general one', async () => {
    const send = await opened()
    const [alone, one, other] = [send(), send(), send()]
    expect(sent[1]?.args).toEqual(['@wclient', 1_000_000_002, 1_700_000_000])
    reply(1, ok())
    expect(await alone).toEqual(['ok', {}])
    await expect.poll(heads).toHaveLength(3)
    expect(sent[2]?.args[0]).toBe('client 1000000003 2 0')
    reply(2, ok(2))
    expect(await Promise.all([one, other])).toEqual(Array(2).fill(['ok', {}]))
  })

  it('what that can not do is left to the general one, under the same number', async () => {
    const send = await opened()
    const alone = send()
    reply(1, null)
    await expect.poll(heads).toHaveLength(3)
    expect(sent[2]?.args[0]).toBe('client 1000000002 1 0')
    reply(2, '[["gone"]]')
    expect(await alone).toEqual(['gone'])
  })

  it('a new session has the counters that it was made with', async () => {
    const send = await opened()
    const added = new Map([['visits', { by: 2, total: 2 }]])
    const created = send({ mode: 'create', ttlMs: 5, change: { ...NO_CHANGE, added } })
    reply(1, 1)
    expect(await created).toEqual(['ok', { visits: 2 }])
  })
})

describe('the outcome of a commit to a session that is not there any more', () => {
  it.each([
    ['gone', 'ERR_SESSION_GONE'],
    ['moved', undefined],
  ])('%s: is known after one try, and unknown after one without an answer', async (outcome, code) => {
    const send = open()
    const known = send()
    reply(0, `[["${outcome}"]]`)
    expect(await known).toEqual([outcome])
    const unknown = expect(send()).rejects.toMatchObject({
      code: 'ERR_STORE_OUTCOME_UNKNOWN',
      ...(code === undefined ? {} : { cause: { code } }),
    })
    sent[1]?.fail(new Error('read ECONNRESET'))
    await expect.poll(heads).toHaveLength(3)
    reply(2, `[["${outcome}"]]`)
    await unknown
    // The same batch under the same mark.
    expect(sent[2]?.args).toEqual(sent[1]?.args)
  })

  it.each(['gone', 'moved'])('%s: is unknown if the client lost a connection meanwhile', async (outcome) => {
    const send = open()
    const unknown = expect(send()).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
    losses += 1
    reply(0, `[["${outcome}"]]`)
    await unknown
    const [first, other] = [send(), send()]
    losses += 1
    reply(1, '[["ok",{}]]')
    expect(await first).toEqual(['ok', {}])
    await expect.poll(heads).toHaveLength(3)
    reply(2, `[["${outcome}"]]`)
    expect(await other).toEqual([outcome])
  })
})

it.each(['gone', 'moved'])(
  '%s: is unknown for all of a batch whose client lost a connection',
  async (outcome) => {
    const send = open()
    const [first, ...others] = [send(), send(), send()]
    reply(0, ok())
    await first
    await expect.poll(heads).toHaveLength(2)
    losses += 1
    const unknown = others.map((other) =>
      expect(other).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' }),
    )
    reply(1, `[["${outcome}"],["${outcome}"]]`)
    await Promise.all(unknown)
  },
)

describe('what a batch loads', () => {
  const batch = async (...loads: Commit['loads'][]) => {
    const send = open()
    const first = send()
    const all = loads.map((wanted) => send({ ...(wanted && { loads: wanted }) }))
    reply(0, ok())
    await first
    await expect.poll(heads).toHaveLength(2)
    return { all: Promise.all(all), args: sent[1]?.args ?? [] }
  }

  it('is all of it, if one of its commits wants that', async () => {
    const { all, args } = await batch([':a'], 'all', undefined)
    expect(args[0]).toBe('client 1000000002 3 -1')
    reply(1, [ok(3), '1000', '2000', ':a', '1', ':b', '2'].join('\0'))
    const found = ['1000', '2000', ':a', '1', ':b', '2']
    expect(await all).toEqual(Array(3).fill(['ok', {}, found]))
  })

  it('is each field that one of them wants, once; those that are not there are left out', async () => {
    const { all, args } = await batch([':a', ':b'], [':b', ':c'])
    expect(args.slice(0, 4)).toEqual(['client 1000000002 2 3', ':a', ':b', ':c'])
    reply(1, [ok(2), '1000', '', '1', '-', '3'])
    expect(await all).toEqual(Array(2).fill(['ok', {}, ['1000', '', ':a', '1', ':c', '3']]))
  })

  it('of one commit is what that wants', async () => {
    const send = open()
    const found = send({ loads: [':a', ':b'] })
    expect(sent[0]?.args.slice(0, 3)).toEqual(['client 1000000001 1 2', ':a', ':b'])
    reply(0, [ok(), '1000', '', '1', '2'].join('\0'))
    expect(await found).toEqual(['ok', {}, ['1000', '', ':a', '1', ':b', '2']])
  })

  it('is nothing, if there is no session to load', async () => {
    const { all } = await batch([':a'])
    reply(1, '[["gone"]]')
    expect(await all).toEqual([['gone']])
  })
})
