// How changes share a wait for replicas or the disk, and what a lost connection means for them.
import { tracingChannel } from 'node:diagnostics_channel'
import { expect, it } from 'vitest'
import type { OwnConnection } from '../../src/store/clients/client.js'
import { Durability, type DurabilityOption } from '../../src/store/durability.js'
import type { StoreTrace } from '../../src/store/traces.js'
import { fakeClient, fakeConnection } from './fake-client.js'

/** A store's durability over a connection that answers a wait only when it is told to. */
function open(option: DurabilityOption = { replicas: 2 }) {
  const waits: { command: unknown[]; answer: (reply: unknown) => void; fail: (error: Error) => void }[] = []
  const opened: ReturnType<typeof fakeConnection>[] = []
  let refreshed = 0
  const client = fakeClient({
    open() {
      const made = fakeConnection(
        (...command) =>
          new Promise((answer, fail) => {
            waits.push({ command, answer, fail })
          }),
      )
      opened.push(made)
      return made.connection
    },
    primaryOf: (key) => key.slice(0, 1),
    // All of them can confirm.
    primaries: () => [{ script: async () => undefined, call: async () => [1, 0] }],
    refresh: () => {
      refreshed += 1
    },
  })
  const durability = new Durability(option, client, 1_000)
  const write = (key: string, change = async (_: OwnConnection) => `changed ${key}`) =>
    durability.write(key, change as never)
  return { waits, opened, write, refreshed: () => refreshed }
}
const notDurable = (why: string) => ({
  code: 'ERR_STORE_NOT_DURABLE',
  message: `the change is not durable yet: ${why}`,
})

it('changes of one moment share a wait; one that comes during it waits for the next', async () => {
  const { waits, write } = open()
  const [first, second] = [write('a1'), write('a2')]
  await expect.poll(() => waits.length).toBe(1)
  // The second was made after the wait began.
  waits[0]?.answer(2)
  expect(await first).toBe('changed a1')
  await expect.poll(() => waits.length).toBe(2)
  const third = write('a3')
  waits[1]?.answer(2)
  expect(await second).toBe('changed a2')
  await expect.poll(() => waits.length).toBe(3)
  waits[2]?.answer(3)
  expect(await third).toBe('changed a3')
  expect(waits.map(({ command }) => command)).toEqual(Array(3).fill(['WAIT', 2, 250]))
})

it('too few confirm: it says how many', async () => {
  const { waits, write, refreshed } = open()
  const rejected = expect(write('a')).rejects.toMatchObject(notDurable('confirmed by 1 of 2'))
  await expect.poll(() => waits.length).toBe(1)
  waits[0]?.answer(1)
  await rejected
  expect(refreshed()).toBe(1)
})

it('the disk confirms, or does not', async () => {
  const { waits, write } = open('disk')
  const [first, answered] = [write('a'), () => waits.at(-1)]
  await expect.poll(answered).toMatchObject({ command: ['WAITAOF', 1, 0, 250] })
  answered()?.answer([1, 0])
  expect(await first).toBe('changed a')
  const rejected = expect(write('a')).rejects.toMatchObject(notDurable('confirmed by 0 of 1'))
  await expect.poll(() => waits.length).toBe(2)
  answered()?.answer([0, 3])
  await rejected
})

it('a wait that fails leaves its changes unconfirmed, and only these', async () => {
  const { waits, write } = open()
  const rejected = expect(write('a1')).rejects.toMatchObject(notDurable('read ECONNRESET'))
  await expect.poll(() => waits.length).toBe(1)
  waits[0]?.fail(new Error('read ECONNRESET'))
  await rejected
  const next = write('a2')
  await expect.poll(() => waits.length).toBe(2)
  waits[1]?.answer(2)
  expect(await next).toBe('changed a2')
})

it('a connection that was lost in between confirms nothing of before, and all of after', async () => {
  const { waits, opened, write } = open()
  const rejected = expect(write('a1')).rejects.toMatchObject(notDurable('the connection was lost'))
  await expect.poll(() => waits.length).toBe(1)
  opened[0]?.lose()
  waits[0]?.answer(2)
  await rejected
  const next = write('a2')
  await expect.poll(() => waits.length).toBe(2)
  waits[1]?.answer(2)
  expect(await next).toBe('changed a2')
})

it('a change that fails is not waited for', async () => {
  const { waits, write, refreshed } = open()
  const failure = new Error('MOVED 1 127.0.0.1:7001')
  await expect(write('a', () => Promise.reject(failure))).rejects.toBe(failure)
  expect([waits.length, refreshed()]).toEqual([0, 1])
})

it('each primary has a connection; one that has ended is opened again', async () => {
  const { waits, opened, write } = open()
  const all = ['a1', 'b1', 'a2'].map((key) => write(key))
  await expect.poll(() => waits.length).toBe(2)
  expect(opened).toHaveLength(2)
  for (const { answer } of waits) answer(2)
  await expect.poll(() => waits.length).toBe(3)
  waits[2]?.answer(2)
  await Promise.all(all)
  opened[0]?.end()
  const again = write('a3')
  await expect.poll(() => waits.length).toBe(4)
  waits[3]?.answer(2)
  await again
  expect(opened).toHaveLength(3)
})

it('no primary, no change', async () => {
  const client = fakeClient({ open: () => undefined })
  const durability = new Durability({ replicas: 1 }, client, 1_000)
  await expect(durability.write('a', async () => 'changed')).rejects.toMatchObject(
    notDurable('no primary is known'),
  )
})

it('what can not be kept is refused at the start', () => {
  const translated = { set: 'main', addresses: [], translated: true, ask: async () => [] }
  const open = (option: DurabilityOption, more: object) => new Durability(option, fakeClient(more), 1_000)
  expect(() => open({ replicas: 1 }, { confirms: false })).toThrow(TypeError)
  expect(() => open({ replicas: 1 }, { sentinels: translated })).toThrow(/natMap/)
  expect(open('disk', { sentinels: translated }).waits).toBe(true)
  expect(open('primary', { confirms: false }).waits).toBe(false)
})

it('servers that can not confirm are asked again once they might', async () => {
  let error: Error | undefined = new Error("ERR unknown command 'WAITAOF'")
  let asked = 0
  const server = {
    script: async () => undefined,
    async call() {
      asked += 1
      if (error) throw error
    },
  }
  const primaries = [server, server]
  const durability = new Durability('disk', fakeClient({ primaries: () => primaries }), 1_000)
  await expect(durability.check()).rejects.toMatchObject({
    code: 'ERR_STORE_DURABILITY_UNSUPPORTED',
    cause: error,
  })
  error = new Error('read ECONNRESET')
  await expect(durability.check()).rejects.toBe(error)
  error = undefined
  await Promise.all([durability.check(), durability.check()])
  expect(asked).toBe(6)
  primaries.length = 0
  await durability.check()
  const none = new Durability('disk', fakeClient({ primaries: () => primaries }), 1_000)
  await expect(none.check()).rejects.toMatchObject(notDurable('no primary is known'))
})

it.each<[DurabilityOption, string, unknown]>([
  [{ replicas: 2 }, 'WAIT', 2],
  ['disk', 'WAITAOF', [1, 0]],
])('a wait is traced by its command: %o', async (option, command, answer) => {
  const channel = tracingChannel<unknown, StoreTrace>('exact-sessions:wait')
  const seen: unknown[] = []
  const nothing = () => {}
  const listeners = {
    start: ({ attributes }: StoreTrace) => seen.push(attributes['db.operation.name']),
    end: nothing,
    asyncStart: nothing,
    asyncEnd: () => seen.push('over'),
    error: nothing,
  }
  const { waits, write } = open(option)
  channel.subscribe(listeners as never)
  const written = write('a')
  await expect.poll(() => waits.length).toBe(1)
  expect(seen).toEqual([command])
  waits[0]?.answer(answer)
  expect(await written).toBe('changed a')
  expect(seen).toEqual([command, 'over'])
  channel.unsubscribe(listeners as never)
})

it('with Sentinels, those say who has to confirm; a primary that they moved is left by both connections', async () => {
  const reconnected: string[] = []
  const primary = { host: '127.0.0.1', port: 7000 }
  let named = 7000
  const connection = {
    ...fakeConnection(async (command) =>
      command === 'WAIT' ? 1 : ['master', 0, [['127.0.0.1', '7001', '5']]],
    ).connection,
    server: primary,
    reconnect: () => reconnected.push('connection'),
  }
  const sentinels = {
    set: 'main',
    addresses: [primary],
    translated: false,
    ask: async () => [['127.0.0.1', `${named}`], ['num-other-sentinels', '0'], []],
  }
  const client = fakeClient({
    open: () => connection as never,
    sentinels,
    reconnect: () => reconnected.push('client'),
  })
  const durability = new Durability({ replicas: 1 }, client, 1_000)
  expect(await durability.write('a', async () => 'changed')).toBe('changed')
  named = 7001
  // Who follows is asked again once the connection was lost; another one shows it here.
  const other = new Durability({ replicas: 1 }, client, 1_000)
  await expect(other.write('a', async () => 'changed')).rejects.toMatchObject(
    notDurable('the Sentinels name another primary'),
  )
  expect(reconnected).toEqual(['connection', 'client'])
})
