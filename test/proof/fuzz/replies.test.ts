import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../../src/store/index.js'
import { newSession } from '../../store/requests.js'

const DEADLINE_MS = 100

const crashes: unknown[] = []
const note = (error: unknown) => crashes.push(error)
beforeAll(() => {
  process.on('unhandledRejection', note).on('uncaughtException', note)
})
afterAll(() => {
  process.off('unhandledRejection', note).off('uncaughtException', note)
})
afterEach(() => {
  expect(crashes).toEqual([])
})

/** Each operation of a store, to see that it ends, whatever is replied. */
const operations = (store: ExactRedisStore): (() => Promise<unknown>)[] => [
  () => store.get('sid'),
  () => store.commit(Object.assign(newSession(store, 'sid'), { visits: 1 })),
  () => store.update('sid', { add: { visits: 1 }, append: { trail: ['now'] } }, { keys: ['visits'] }),
  () => store.update('sid', { add: { visits: 1 } }, { idempotencyKey: 'key' }),
  () => store.destroy('sid'),
  () => store.ids(),
  async () => {
    const data = await store.get('sid')
    if (!data) return
    const held = store.createSession({ sessionID: 'sid', sessionStore: store } as never, data)
    held.visits += 1
    await store.commit(held)
  },
]

const options = { counters: ['visits'] as const, cappedLists: { trail: 20 }, deadlineMs: DEADLINE_MS }

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '[]',
    '[["ok",{}]]',
    '[["ok",{"visits":"x"}]]',
    '[["gone"]]',
    '[["dup"]]',
    '[["moved"]]',
    'null',
    '{}',
    '1000\0\0',
    '1000\x001000\0:visits\0{',
    '-1\0\0\0not JSON',
    '1\0\0:cookie\0null',
    '1\0\0:cookie\x0017',
  ),
)
const reply = fc.letrec<{ reply: unknown }>((tie) => ({
  reply: fc.oneof(
    text,
    fc.integer(),
    fc.constant(null),
    fc.constant(undefined),
    fc.array(tie('reply'), { maxLength: 6 }),
  ),
})).reply

describe('a reply that is none of what the scripts return', () => {
  it('ends the operation, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(reply, { minLength: 1, maxLength: 4 }), async (replies) => {
        let next = 0
        const answer = async () => {
          next += 1
          // In the end an error, for what asks until it gets an answer of use.
          if (next > 20) throw Object.assign(new Error('ERR enough'), { name: 'ReplyError' })
          return replies[next % replies.length]
        }
        const client = {
          ...{ status: 'ready', isCluster: false, options: {} },
          ...{ on: () => client, once: () => client, duplicate: () => client, disconnect: () => {} },
          ...{ call: answer, evalsha: answer, eval: answer, connect: answer, scan: answer, ping: answer },
        }
        for (const operation of operations(
          new ExactRedisStore({ ...options, client: client as unknown as ExactRedisStoreOptions['client'] }),
        ))
          await operation().catch((error: unknown) => expect(error).toBeInstanceOf(Error))
      }),
      { numRuns: 500 },
    )
  }, 120_000)
})

describe('a server that is no Redis', () => {
  let server: Server
  let say: (socket: Socket) => void = () => {}
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {}).on('data', () => say(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => server.close())

  it.each<[string, string]>([
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
    ['bytes of no protocol', '\x00\xff\x16\x03\x01garbage\r\n'],
    ['an array that says it is endless', '*2147483647\r\n'],
    ['a text of a length below nothing', '$-5\r\n'],
    ['a reply that nobody asked for', '+OK\r\n+OK\r\n+OK\r\n:1\r\n'],
    ['errors of another world', '-WHAT is this\r\n'],
    ['nothing', ''],
  ])('says %s: each operation ends by its deadline', async (_name, bytes) => {
    say = (socket) => socket.write(bytes, 'latin1')
    const { port } = server.address() as AddressInfo
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 }).on('error', () => {})
    const store = new ExactRedisStore({ ...options, client })
    try {
      for (const operation of operations(store))
        await operation().catch((error: unknown) => expect(error).toBeInstanceOf(Error))
    } finally {
      client.disconnect()
    }
  })
})
