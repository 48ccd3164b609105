// What becomes of an operation after each kind of failure: with a client that fails as the case needs it.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { StoreClient } from '../../src/store/clients/client.js'
import { Durability } from '../../src/store/durability.js'
import { DurabilityUnsupportedError, NotDurableError, StoreError } from '../../src/store/errors.js'
import { RetryingClient } from '../../src/store/retrying-client.js'
import { fakeClient } from './fake-client.js'

let state: StoreClient['state']
let retries: unknown[]
beforeEach(() => {
  state = 'ready'
  retries = []
})

const DEADLINE_MS = 60_000

function open(deadlineMs = DEADLINE_MS) {
  const client = fakeClient({
    get state() {
      return state
    },
  })
  const durability = new Durability('primary', client, deadlineMs)
  return new RetryingClient(client, durability, deadlineMs, (error) => retries.push(error))
}
/** Runs an operation that fails with these, one after the other, and then returns "done". */
const run = (failures: readonly Error[], { deadlineMs = 60_000, certainty = { unanswered: false } } = {}) => {
  const retrying = open(deadlineMs)
  let tries = 0
  const operation = async () => {
    const failure = failures[tries]
    tries += 1
    if (failure) throw failure
    return 'done'
  }
  return retrying.run(operation, retrying.deadline(), certainty).then((result) => `${result} after ${tries}`)
}
const reply = (message: string) => new Error(message)

describe('an operation', () => {
  it.each([
    'READONLY You can not write against a read only replica.',
    'ERR Error running script: READONLY You can not write',
    'LOADING Redis is loading the dataset in memory',
    'MOVED 1234 127.0.0.1:7000',
    'ASK 1234 127.0.0.1:7000',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN Hash slot not served',
    'MASTERDOWN Link with MASTER is down',
    'NOREPLICAS Not enough good replicas to write.',
    'BUSY Redis is busy running a script.',
    'UNBLOCKED force unblock from blocking operation',
    'Connection is closed.',
    'read ECONNRESET',
  ])('is tried again after %s', async (message) => {
    const failure = reply(message)
    expect(await run([failure, failure])).toBe('done after 3')
    expect(retries).toEqual([failure, failure])
  })

  it('is told at once that the server does not know its script, and keeps to the text from then on', async () => {
    const retrying = open()
    const told: boolean[] = []
    const operation = async (byText: boolean) => {
      told.push(byText)
      if (told.length === 1) throw reply('NOSCRIPT No matching script.')
      if (told.length === 2) throw reply('Connection is closed.')
      return 'done'
    }
    expect(await retrying.run(operation, retrying.deadline())).toBe('done')
    expect(told).toEqual([false, true, true])
    expect(retries.map(String)).toEqual(['Error: Connection is closed.'])
  })

  it('that hears so of a text, too, is refused', async () => {
    const failure = reply('NOSCRIPT No matching script.')
    await expect(run([failure, failure, failure])).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
  })

  it('is tried again until its change is durable', async () => {
    const failure = new NotDurableError('confirmed by 0 of 1')
    expect(await run([failure])).toBe('done after 2')
  })

  it.each([
    'OOM command not allowed when used memory > maxmemory.',
    'NOPERM this user has no permissions',
    'ERR MOVED is not the first word',
    'ERR an ASK that is not the first word',
    'WRONGTYPE Operation against a key holding the wrong kind of value',
  ])('is refused at once for %s', async (message) => {
    const failure = reply(message)
    await expect(run([failure])).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED', message, cause: failure })
    expect(retries).toEqual([])
  })

  it.each([
    'Connection in subscriber mode, only subscriber commands may be used',
    'Connection in monitoring mode, can not be used',
    'Connection in monitor mode',
  ])('is refused at once by a client that is used otherwise: %s', async (message) => {
    await expect(run([reply(message)])).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED', message })
  })

  it('fails at once as the program that made it', async () => {
    const wrong = new TypeError('prefix is not a function')
    await expect(run([wrong])).rejects.toBe(wrong)
    expect(retries).toEqual([])
  })

  it('is not tried again if its server can’t do what is wanted', async () => {
    const wrong = new DurabilityUnsupportedError(new Error('no WAITAOF'))
    await expect(run([wrong])).rejects.toBe(wrong)
    expect(retries).toEqual([])
  })

  it('keeps what is no error if the client has ended', async () => {
    state = 'ended'
    await expect(run(['a text' as never])).rejects.toBe('a text')
  })

  it('keeps its own error if the client has ended', async () => {
    state = 'ended'
    const failure = new NotDurableError('confirmed by 0 of 1')
    await expect(run([failure])).rejects.toBe(failure)
  })

  it('fails at once if the client has ended', async () => {
    state = 'ended'
    const failure = reply('The client is closed')
    await expect(run([failure])).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED', cause: failure })
  })

  it('waits while the client is away', async () => {
    state = 'away'
    let settled = false
    const running = run([reply('read ECONNRESET')]).finally(() => {
      settled = true
    })
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect([settled, retries]).toEqual([false, []])
    state = 'ready'
    expect(await running).toBe('done after 2')
  })

  it('ends with its deadline, and says what it failed with last', async () => {
    state = 'away'
    const failure = reply('read ECONNRESET')
    const expected = {
      code: 'ERR_STORE_TIMEOUT',
      message: 'no answer from Redis within 50 ms',
      cause: failure,
    }
    await expect(run([failure], { deadlineMs: 50 })).rejects.toMatchObject(expected)
    // Nothing goes on behind it.
    state = 'ready'
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(retries).toEqual([])
  })

  it('is not sent if its deadline is over already, and leaves no timer of a negative time', async () => {
    const retrying = open()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    let sent = false
    const operation = async () => {
      sent = true
    }
    const over = retrying.run(operation, performance.now() - 1)
    await expect(over).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    const negative = timers.mock.calls.filter(([, ms]) => Number(ms) < 0)
    timers.mockRestore()
    expect([sent, negative]).toEqual([false, []])
  })

  it('is not sent by its text after its deadline: what came later, a destroy say, would be undone', async () => {
    const retrying = open(20)
    let tries = 0
    let fail = (_error: Error) => {}
    const operation = () => {
      tries += 1
      return new Promise<void>((_resolve, reject) => {
        fail = reject
      })
    }
    const running = retrying.run(operation, retrying.deadline())
    await expect(running).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    fail(reply('NOSCRIPT No matching script.'))
    await new Promise(setImmediate)
    expect(tries).toBe(1)
  })

  it('ends with its deadline, though nothing fails', async () => {
    const retrying = open(20)
    const never = retrying.run(() => new Promise(() => {}), retrying.deadline())
    await expect(never).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT', cause: undefined })
  })

  it('shows no argument of the command that failed', async () => {
    const failure = Object.assign(reply('OOM command not allowed'), {
      command: { name: 'evalsha', args: ['secret'] },
    })
    const error = await run([failure]).catch((error: StoreError) => error)
    expect(error).toBeInstanceOf(StoreError)
    expect(failure.command).toEqual({ name: 'evalsha' })
  })
})

describe('the outcome', () => {
  const REFUSED = reply('OOM command not allowed')

  it.each([
    ['a lost connection', 'read ECONNRESET', true],
    ['a connection that was closed', 'Connection is closed.', true],
    ['an answer of Redis', 'LOADING Redis is loading', false],
    ['a stream that took nothing', "Stream isn't writeable and enableOfflineQueue options is false", false],
    ['a client that took nothing', 'The client is offline', false],
    ['a stream, in the middle of another error', "lost: Stream isn't writeable", true],
  ])(
    'is unknown after a try without an answer, if it is refused then: %s',
    async (_what, message, isUnknown) => {
      const certainty = { unanswered: false }
      const code = isUnknown ? 'ERR_STORE_OUTCOME_UNKNOWN' : 'ERR_STORE_REFUSED'
      await expect(run([reply(message), REFUSED], { certainty })).rejects.toMatchObject({
        code,
        cause: REFUSED,
      })
      expect(certainty.unanswered).toBe(isUnknown)
    },
  )

  it('stays unknown, whatever comes between', async () => {
    const failures = [reply('read ECONNRESET'), reply('LOADING Redis is loading'), REFUSED]
    await expect(run(failures)).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
  })

  it('is unknown if an earlier operation was', async () => {
    const certainty = { unanswered: true }
    await expect(run([REFUSED], { certainty })).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
  })

  it('is unknown if the client ends after a try without an answer', async () => {
    const retrying = open()
    let tries = 0
    const running = retrying.run(async () => {
      tries += 1
      if (tries === 2) state = 'ended'
      throw reply('read ECONNRESET')
    }, retrying.deadline())
    await expect(running).rejects.toMatchObject({ code: 'ERR_STORE_OUTCOME_UNKNOWN' })
    expect(tries).toBe(2)
  })
})
