// What the store asks of a client of ioredis, and what it makes of its events: with clients that are connected to nothing.
import { describe, expect, it } from 'vitest'
import { storeClient } from '../../../src/store/clients/detect.js'
import { FakeIoredis, FakeIoredisCluster, FakeSocket } from './fake-ioredis.js'

const SCRIPT = { sha: 'abc', lua: 'return 1' }
const turn = () => new Promise((resolve) => setImmediate(resolve))
const open = (...made: ConstructorParameters<typeof FakeIoredis>) => {
  const redis = new FakeIoredis(...made)
  return { redis, client: storeClient(redis) }
}

describe('a client of one server', () => {
  it('is sent a command as it is, and a script’s arguments in one list', async () => {
    const { redis, client } = open(() => 'said')
    expect(await client.call('SET', 'key', 1)).toBe('said')
    expect(await client.script(SCRIPT, ['one', 'two'], ['x', 3], false)).toBe('said')
    expect(redis.sent).toEqual([
      ['SET', 'key', 1],
      ['evalsha', 'abc', 2, 'one', 'two', ['x', 3]],
    ])
  })

  it('is sent the hash of a script, or its text', async () => {
    const { redis, client } = open(() => 'ran')
    expect(await client.script(SCRIPT, ['key'], [1], false)).toBe('ran')
    expect(await client.script(SCRIPT, ['key'], [1], true)).toBe('ran')
    expect(redis.sent).toEqual([
      ['evalsha', SCRIPT.sha, 1, 'key', [1]],
      ['eval', 'return 1', 1, 'key', [1]],
    ])
  })

  it('takes for an answer of Redis what the library calls one', () => {
    const { client } = open()
    const reply = Object.assign(new Error('OOM'), { name: 'ReplyError' })
    expect(client.isReply(reply)).toBe(true)
    expect(client.isReply(new Error('OOM'))).toBe(false)
    expect(client.isReply({ name: 'ReplyError' })).toBe(false)
  })

  it.each([
    ['ready', 'ready'],
    ['end', 'ended'],
    ['reconnecting', 'away'],
    ['wait', 'away'],
  ])('that is “%s” is %s', (status, state) => {
    const { redis, client } = open()
    redis.status = status
    expect(client.state).toBe(state)
  })

  it('is connected by the store only if it waits for its first command', async () => {
    const { redis, client } = open()
    await client.connected()
    expect(redis.connects).toBe(0)
    redis.status = 'wait'
    await client.connected()
    expect(redis.connects).toBe(1)
    redis.status = 'reconnecting'
    await expect(client.connected()).rejects.toThrow('the client is not connected')
    expect(redis.connects).toBe(1)
  })

  it('counts the connections that it makes and loses', () => {
    const { redis, client } = open()
    expect(client).toMatchObject({ losses: 0, connections: 0 })
    for (const event of ['ready', 'close', 'ready', '+node', '-node']) redis.emit(event)
    expect(client).toMatchObject({ losses: 1, connections: 2 })
  })

  it('takes changes, and may connect again when it is told', () => {
    const { redis, client } = open()
    expect(client.primaries()).toEqual([client])
    expect(client.primaryOf('key')).toBe('')
    client.refresh('key')
    client.reconnect()
    expect(redis.disconnects).toEqual([true])
  })

  it('has the prefix that its user gave it, or none', () => {
    expect(open(undefined, { keyPrefix: 'app:' }).client.keyPrefix).toBe('app:')
    expect(open().client.keyPrefix).toBe('')
  })

  it.each([
    ['its address', { host: 'redis', port: 7, db: 2, path: null }, { host: 'redis', port: 7, database: 2 }],
    [
      'its socket of the machine',
      { host: 'redis', path: '/run/redis', db: 2 },
      { host: '/run/redis', database: 2 },
    ],
    [
      'what the Sentinels named',
      { host: 'redis', sentinels: [], db: 2 },
      { host: '10.0.0.1', port: 6379, database: 2 },
    ],
  ])('is traced by %s', (_name, options, location) => {
    expect(open(undefined, options).client.locationOf('key')).toEqual(location)
  })

  it('is traced without an address while the Sentinels named none', () => {
    const { redis, client } = open(undefined, { host: 'redis', sentinels: [], db: 0 })
    redis.stream = undefined
    expect(client.locationOf('key')).toEqual({ database: 0 })
  })
})

describe('commands of one turn', () => {
  const send = (client: ReturnType<typeof open>['client'], many: number) =>
    Promise.all(Array.from({ length: many }, () => client.call('GET', 'key')))

  it('are written together, however many', async () => {
    const { redis, client } = open()
    await send(client, 100)
    expect(redis.stream?.log).toEqual(['cork', ...Array(100).fill('GET')])
    await turn()
    expect(redis.stream?.log.at(-1)).toBe('uncork')
  })

  it('and those of the next begin anew', async () => {
    const { redis, client } = open()
    await send(client, 10)
    await turn()
    await send(client, 10)
    await turn()
    const together = ['cork', ...Array(10).fill('GET'), 'uncork']
    expect(redis.stream?.log).toEqual([...together, ...together])
  })

  it('of scripts, too', async () => {
    const { redis, client } = open()
    await client.script(SCRIPT, ['key'], [], false)
    await turn()
    expect(redis.stream?.log).toEqual(['cork', 'evalsha', 'uncork'])
  })

  it('are left alone while there is no socket, or one that takes nothing', async () => {
    const { redis, client } = open()
    const { stream } = redis
    if (stream) stream.writable = false
    await send(client, 2)
    expect(stream?.log).toEqual(['GET', 'GET'])
    redis.stream = undefined
    await send(client, 2)
    await turn()
    expect(stream?.log).toEqual(['GET', 'GET'])
  })
})

describe('Sentinels', () => {
  const SENTINELS = [{ host: 's1', port: 1 }, {}]
  const DATA = {
    sentinels: SENTINELS,
    username: 'app',
    password: 'secret',
    tls: { ca: 'data' },
    db: 3,
    keyPrefix: 'app:',
  }
  const ask = ['SENTINEL', 'MASTER', 'main'] as const

  it('are those that the client was given: the set, and their addresses or the usual one', () => {
    expect(open(undefined, { ...DATA, name: 'main' }).client.sentinels).toMatchObject({
      set: 'main',
      addresses: [
        { host: 's1', port: 1 },
        { host: '127.0.0.1', port: 26_379 },
      ],
      translated: false,
    })
    const odd = open(undefined, { ...DATA, natMap: {} }).client.sentinels
    expect(odd).toMatchObject({ set: '', translated: true })
    expect(open(undefined, { sentinels: null }).client.sentinels).toBeUndefined()
  })

  it('are asked on a connection for just this, with nothing that is meant for the data’s servers', async () => {
    const own = { sentinelUsername: 'watcher', sentinelPassword: 'word', sentinelTLS: { ca: 'theirs' } }
    const { redis, client } = open((command) => command, { ...DATA, ...own, name: 'main' })
    const replies = await client.sentinels?.ask({ host: 's1', port: 1 }, [ask, ['PING']], 400)
    expect(replies).toEqual(['SENTINEL', 'PING'])
    const [made] = redis.duplicates as [FakeIoredis]
    expect(made.options).toMatchObject({
      host: 's1',
      port: 1,
      sentinels: null,
      username: 'watcher',
      password: 'word',
      tls: { ca: 'theirs' },
      db: 0,
      keyPrefix: '',
      connectionName: null,
      readOnly: false,
      lazyConnect: false,
      enableReadyCheck: false,
      enableOfflineQueue: true,
      reconnectOnError: null,
      connectTimeout: 400,
      commandTimeout: 400,
    })
    // It never connects again.
    expect((made.options.retryStrategy as () => unknown)()).toBeNull()
    expect(made.disconnects).toEqual([undefined])
    // Nobody else listens.
    made.emit('error', new Error('late'))
  })

  it('are asked without a password if none is said', async () => {
    const { redis, client } = open(undefined, DATA)
    await client.sentinels?.ask({ host: 's1', port: 1 }, [ask], 400)
    expect(redis.duplicates[0]?.options).toMatchObject({ username: null, password: null, tls: undefined })
  })

  it('that fail leave no connection behind', async () => {
    const { redis, client } = open(() => {
      throw new Error('away')
    }, DATA)
    await expect(client.sentinels?.ask({ host: 's1', port: 1 }, [ask], 400)).rejects.toThrow('away')
    expect(redis.duplicates[0]?.disconnects).toEqual([undefined])
  })
})

describe('a connection of the store’s own', () => {
  const opened = (prepare?: (made: object) => void) => {
    const { redis, client } = open(undefined, { host: 'redis' })
    const connection = client.open('', prepare)
    const [made] = redis.duplicates as [FakeIoredis]
    if (!connection) throw new Error('none')
    return { redis, client, connection, made }
  }

  it('is as the user’s, and is given to prepareConnection', async () => {
    const prepared: unknown[] = []
    const { redis, made, connection } = opened((one) => prepared.push(one))
    expect(prepared).toEqual([made])
    expect(made.options).toEqual(redis.options)
    await connection.call('WAIT', 1, 200)
    expect(made.sent).toEqual([['WAIT', 1, 200]])
    // Its failures are those of its commands.
    made.emit('error', new Error('ECONNRESET'))
  })

  it('says which server it is connected to, while it is', () => {
    const { connection, made } = opened()
    expect(connection.server).toEqual({ host: '10.0.0.1', port: 6379 })
    made.stream = Object.assign(new FakeSocket(), { remoteAddress: undefined })
    expect(connection.server).toBeUndefined()
    made.stream = Object.assign(new FakeSocket(), { remotePort: undefined })
    expect(connection.server).toBeUndefined()
    made.stream = undefined
    expect(connection.server).toBeUndefined()
  })

  it('says each time that it was lost, and once that it has ended', () => {
    const { connection, made } = opened()
    const heard: string[] = []
    connection.onLost(() => heard.push('lost'))
    connection.onEnded(() => heard.push('ended'))
    for (const event of ['close', 'close', 'end', 'end']) made.emit(event)
    expect(heard).toEqual(['lost', 'lost', 'ended'])
  })

  it('connects again, or ends, when it is told', () => {
    const { connection, made } = opened()
    connection.reconnect()
    connection.close()
    expect(made.disconnects).toEqual([true, undefined])
  })

  it('ends with the client, if it is still there', () => {
    const { redis, client, made } = opened()
    client.open('', undefined)
    client.open('', undefined)
    expect(redis.listenerCount('end')).toBe(1)
    made.emit('end')
    redis.emit('end')
    expect(redis.duplicates.map(({ disconnects }) => disconnects.length)).toEqual([0, 1, 1])
  })
})

describe('a client of a Cluster', () => {
  /** The slot of `key`. */
  const SLOT = 12_539
  const cluster = (options: Readonly<Record<string, unknown>> = {}) => {
    const redis = new FakeIoredisCluster(undefined, options)
    const [one, other] = [1, 2].map((port) => new FakeIoredis(undefined, { host: 'node', port }))
    if (!one || !other) throw new Error('none')
    redis.primaries = [one, other]
    redis.slots[SLOT] = ['node:2', 'replica:3']
    return { redis, one, other, client: storeClient(redis) }
  }

  it('knows the primary of a key by its slot, and names it in traces', () => {
    const { client } = cluster()
    expect(client.primaryOf('key')).toBe('node:2')
    expect(client.locationOf('key')).toEqual({ host: 'node', port: 2, database: 0 })
    expect(client.primaryOf('another')).toBeUndefined()
    expect(client.locationOf('another')).toEqual({})
    expect(client.sentinels).toBeUndefined()
  })

  it('finds the slot of a key behind the prefix that the client puts before it', () => {
    const { redis, client } = cluster({ keyPrefix: '{key}' })
    expect(client.keyPrefix).toBe('{key}')
    expect(client.primaryOf('any')).toBe('node:2')
    expect(
      storeClient(Object.assign(new FakeIoredisCluster(undefined, { redisOptions: { keyPrefix: 'in:' } })))
        .keyPrefix,
    ).toBe('in:')
    expect(storeClient(new FakeIoredisCluster()).keyPrefix).toBe('')
    expect(redis.asked).toEqual([])
  })

  it('has each primary run a command', async () => {
    const { redis, one, other, client } = cluster()
    await Promise.all(client.primaries().map((primary) => primary.call('DBSIZE')))
    expect([one.sent, other.sent]).toEqual([[['DBSIZE']], [['DBSIZE']]])
    expect(redis.asked).toEqual(['master'])
  })

  it('opens a connection to the primary that is named, and none to one that no longer is', () => {
    const { redis, one, other, client } = cluster()
    expect(client.open('node:2', undefined)).toBeDefined()
    expect([one.duplicates.length, other.duplicates.length]).toEqual([0, 1])
    expect(client.open('node:3', undefined)).toBeUndefined()
    expect(new Set(redis.asked)).toEqual(new Set(['master']))
  })

  it('asks for its slots again when it is told, and keeps its connections', () => {
    const { redis, client } = cluster()
    client.refresh('key')
    expect(redis.refreshed).toBe(1)
    client.reconnect()
    expect(redis.disconnects).toEqual([])
  })

  it('counts the nodes that it connects to and loses', () => {
    const { redis, client } = cluster()
    for (const event of ['+node', '-node', 'close', 'ready']) redis.emit(event)
    expect(client).toMatchObject({ connections: 1, losses: 2 })
  })

  it('gathers the writes to the node that has the key', async () => {
    const { redis, one, other, client } = cluster()
    await client.call('GET', 'key')
    await client.call('GET', 'key')
    expect(one.stream?.log).toEqual([])
    expect(other.stream?.log).toEqual(['cork'])
    await turn()
    expect(other.stream?.log).toEqual(['cork', 'uncork'])
    // It looks for the node once.
    expect(redis.asked).toEqual(['master'])
    await client.call('GET', 'another')
    expect(redis.asked).toEqual(['master'])
  })

  it('gathers no writes to a node that it does not know', async () => {
    const { redis, one, client } = cluster()
    redis.primaries = [one]
    expect(await client.call('GET', 'key')).toBe('OK')
    await client.call('GET', 'key')
    expect(redis.asked).toEqual(['master'])
    expect(one.stream?.log).toEqual([])
  })

  it.each(['+node', '-node'])('looks for its nodes again after “%s”', async (event) => {
    const { redis, other, client } = cluster()
    await client.call('GET', 'key')
    const replacement = new FakeIoredis(undefined, { host: 'node', port: 2 })
    redis.primaries = [replacement]
    redis.emit(event)
    await client.call('GET', 'key')
    await turn()
    expect(other.stream?.log).toEqual(['cork', 'uncork'])
    expect(replacement.stream?.log).toEqual(['cork', 'uncork'])
  })
})

describe('what lacks something that a client has', () => {
  it.each(['evalsha', 'call', 'duplicate', 'status'])('is none: %s', (name) => {
    const all = { evalsha() {}, call() {}, duplicate() {}, status: 'ready', on() {} }
    const object = Object.fromEntries(Object.entries(all).filter(([key]) => key !== name))
    expect(() => storeClient(object)).toThrow(TypeError)
  })
})

it('stores on the same client share what is known of it', () => {
  const redis = new FakeIoredis()
  expect(storeClient(redis)).toBe(storeClient(redis))
})
