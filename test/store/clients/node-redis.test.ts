// What the store asks of a client of node-redis, and what it makes of its events: with clients that are connected to nothing.
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { storeClient } from '../../../src/store/clients/detect.js'
import { ExactRedisStore, type ExactRedisStoreOptions } from '../../../src/store/index.js'
import { FakeNode, FakeSentinel, FakeSentinel5 } from './fake-node-redis.js'

/** In RESP 3, maps are lists, too; and the user's timeout is not for the store's commands. */
const OWN = { timeout: undefined, typeMapping: { 37: Array } }
const SCRIPT = { sha: 'abc', lua: 'return 1' }
const turn = () => new Promise((resolve) => setImmediate(resolve))
const unhandled: unknown[] = []
const note = (error: unknown) => unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  await turn()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

describe('a client of one server', () => {
  const open = (...made: ConstructorParameters<typeof FakeNode>) => {
    const node = new FakeNode(...made)
    return { node, client: storeClient(node) }
  }

  it('is sent commands and scripts as texts, to be read the store’s way', async () => {
    const { node, client } = open(() => 'said')
    expect(await client.call('SET', 'key', 1)).toBe('said')
    expect(await client.script(SCRIPT, ['one', 'two'], ['x', 3], false)).toBe('said')
    expect(node.sent).toEqual([
      { args: ['SET', 'key', '1'], options: OWN },
      { args: ['EVALSHA', 'abc', '2', 'one', 'two', 'x', '3'], options: OWN },
    ])
  })

  it('is sent the hash of a script, or its text', async () => {
    const { node, client } = open(() => 'ran')
    expect(await client.script(SCRIPT, ['key'], [1], false)).toBe('ran')
    expect(await client.script(SCRIPT, ['key'], [1], true)).toBe('ran')
    expect(node.sent.map(({ args }) => args)).toEqual([
      ['EVALSHA', SCRIPT.sha, '1', 'key', '1'],
      ['EVAL', 'return 1', '1', 'key', '1'],
    ])
  })

  it.each([
    ['ERR unknown command', true],
    ['OOM command not allowed', true],
    ['Socket closed unexpectedly', false],
    ['NX two letters', true],
    ['A connection', false],
    ['lost: OOM was the last answer', false],
    ['read ECONNRESET', false],
    ['ERR', false],
  ])('takes “%s” for an answer of Redis: %s', (message, isReply) => {
    const { client } = open()
    expect(client.isReply(new Error(message))).toBe(isReply)
    expect(client.isReply(message)).toBe(false)
  })

  it.each([
    ['its defaults', {}, { host: 'localhost', port: 6379, database: 0 }],
    ['a host and port', { socket: { host: 'redis', port: 7 } }, { host: 'redis', port: 7, database: 0 }],
    [
      'a socket of the machine',
      { socket: { path: '/run/redis' }, database: 2 },
      { host: '/run/redis', database: 2 },
    ],
  ])('is traced by %s', (_name, options, location) => {
    expect(open(undefined, options).client.locationOf('key')).toEqual(location)
  })

  it('takes changes, confirms them, and has neither Sentinels nor a prefix of its own', () => {
    const { client } = open()
    expect(client.primaries()).toEqual([client])
    expect(client.primaryOf('key')).toBe('')
    expect(client).toMatchObject({ confirms: true, sentinels: undefined, keyPrefix: '', losses: 0 })
  })

  it('is away until it is connected, and when its connection is lost; ended once it was told to', async () => {
    const { node, client } = open()
    expect(client.state).toBe('away')
    await expect(client.connected()).rejects.toThrow('the client is not connected')
    Object.assign(node, { isOpen: true, isReady: true })
    node.emit('ready')
    expect(client.state).toBe('ready')
    await client.connected()
    node.isReady = false
    expect(client.state).toBe('away')
    node.isOpen = false
    expect(client.state).toBe('ended')
  })

  it.each(['connect', 'ready', 'topology-change'])('has been open after “%s”', (event) => {
    const { node, client } = open()
    node.emit(event)
    expect(client.state).toBe('ended')
  })

  it('that was open when the store was made is closed when it is no longer', () => {
    const node = new FakeNode()
    node.isOpen = true
    const client = storeClient(node)
    expect(client.state).toBe('away')
    node.isOpen = false
    expect(client.state).toBe('ended')
  })

  it('counts each connection, by whichever event it is told', () => {
    const { node, client } = open()
    for (const event of ['ready', 'node-ready', 'node-reconnecting', 'topology-change', 'connect'])
      node.emit(event)
    expect(client.connections).toBe(4)
  })
})

describe('a connection of the store’s own', () => {
  const open = (prepare?: (made: object) => void, answer?: () => unknown) => {
    const node = new FakeNode(answer, {
      socket: { host: 'redis', port: 7, tls: true },
      username: 'app',
      clientSideCache: {},
    })
    const client = storeClient(node)
    const connection = client.open('', prepare)
    const [made] = node.duplicates as [FakeNode]
    if (!connection) throw new Error('none')
    let ended = 0
    connection.onEnded(() => {
      ended += 1
    })
    return { node, connection, made, ended: () => ended }
  }

  it('is as the user’s, but has no cache and never connects again', async () => {
    const { connection, made } = open(undefined, () => 1)
    expect(await connection.call('WAIT', 1, 200)).toBe(1)
    expect(made.options).toEqual({
      username: 'app',
      clientSideCache: undefined,
      socket: { host: 'redis', port: 7, tls: true, reconnectStrategy: false },
    })
    expect(made.sent).toEqual([{ args: ['WAIT', '1', '200'], options: OWN }])
  })

  it('is given to prepareConnection before it connects', async () => {
    const prepared: unknown[] = []
    const { connection, made } = open((client) => prepared.push(client, (client as FakeNode).isOpen))
    await connection.call('PING')
    expect(prepared).toEqual([made, false])
  })

  it('has ended, once, when it says so', async () => {
    const { connection, made, ended } = open()
    let lost = 0
    connection.onLost(() => {
      lost += 1
    })
    await connection.call('PING')
    made.emit('end')
    made.emit('end')
    expect(ended()).toBe(1)
    expect(lost).toBe(1)
  })

  it('has ended when it fails for good, and not when it fails and goes on', async () => {
    const { connection, made, ended } = open()
    await connection.call('PING')
    made.emit('error', new Error('of some kind'))
    expect(ended()).toBe(0)
    made.isOpen = false
    made.emit('error', new Error('for good'))
    expect(ended()).toBe(1)
  })

  it('has ended if it can’t connect: what waits for it hears why', async () => {
    const node = new FakeNode()
    node.connects = async () => {
      throw new Error('ECONNREFUSED')
    }
    const connection = storeClient(node).open('', undefined)
    let ended = 0
    connection?.onEnded(() => {
      ended += 1
    })
    await expect(connection?.call('PING')).rejects.toThrow('ECONNREFUSED')
    await turn()
    expect(ended).toBe(1)
    // There is nothing to close.
    connection?.close()
  })

  it.each(['close', 'reconnect'] as const)('ends on %s, and its client is destroyed', async (how) => {
    const { connection, made, ended } = open()
    await connection.call('PING')
    connection[how]()
    await turn()
    expect(ended()).toBe(1)
    expect(made.destroyed).toBe(1)
    connection.close()
    await turn()
    expect(made.destroyed).toBe(1)
  })

  it.each(['end', 'disconnect'])(
    'is closed after the client said “%s”, if it is still there',
    async (event) => {
      const { node, connection, made } = open()
      await connection.call('PING')
      const another = storeClient(node).open('', undefined)
      await another?.call('PING')
      made.emit('end')
      node.emit(event)
      await turn()
      expect(node.duplicates.map(({ destroyed }) => destroyed)).toEqual([0, 1])
    },
  )
})

describe('a client of a Cluster', () => {
  /** The slot of `key` is 12539. */
  const SLOT = 12_539
  class FakeCluster extends EventEmitter {
    isOpen = true
    readonly nodes = { 'a:1': new FakeNode(), 'b:2': new FakeNode() }
    masters: { address: string }[] = [{ address: 'a:1' }, { address: 'b:2' }]
    replicas = []
    slots: ({ master: { address: string } } | undefined)[] = []
    readonly sent: unknown[][] = []
    answer: () => unknown = () => 'OK'
    constructor() {
      super()
      this.slots[SLOT] = { master: { address: 'b:2' } }
    }
    async sendCommand(...sent: unknown[]): Promise<unknown> {
      this.sent.push(sent)
      return this.answer()
    }
    async nodeClient({ address }: { address: string }) {
      return this.nodes[address as 'a:1']
    }
    destroy(): void {}
  }
  const open = () => {
    const cluster = new FakeCluster()
    return { cluster, client: storeClient(cluster) }
  }

  it('routes each command by its first key, and reads from no replica', async () => {
    const { cluster, client } = open()
    await client.call('SET', 'key', 1)
    await client.script(SCRIPT, ['key', 'key2'], [1], false)
    await client.call('PING')
    expect(cluster.sent).toEqual([
      ['key', false, ['SET', 'key', '1'], OWN],
      ['key', false, ['EVALSHA', 'abc', '2', 'key', 'key2', '1'], OWN],
      ['', false, ['PING'], OWN],
    ])
  })

  it('knows the primary of a key by its slot, and names it in traces', () => {
    const { client } = open()
    expect(client.primaryOf('key')).toBe('b:2')
    expect(client.primaryOf('{key}more')).toBe('b:2')
    expect(client.locationOf('key')).toEqual({ host: 'b', port: 2, database: 0 })
    expect(client.primaryOf('another')).toBeUndefined()
    expect(client.locationOf('another')).toEqual({})
  })

  it('fails by a stumble of version 5 only until it knows the slot: then it is told as it is', async () => {
    const { cluster, client } = open()
    const stumble = new TypeError("Cannot read properties of undefined (reading 'master')")
    cluster.answer = () => {
      throw stumble
    }
    await expect(client.call('GET', 'another')).rejects.toThrow('the Cluster is not known yet')
    await expect(client.call('GET', 'key')).rejects.toBe(stumble)
    const other = new Error('CLUSTERDOWN')
    cluster.answer = () => {
      throw other
    }
    await expect(client.call('GET', 'another')).rejects.toBe(other)
  })

  it('has each primary run a command', async () => {
    const { cluster, client } = open()
    await Promise.all(client.primaries().map((primary) => primary.call('DBSIZE')))
    const sent = [{ args: ['DBSIZE'], options: OWN }]
    expect([cluster.nodes['a:1'].sent, cluster.nodes['b:2'].sent]).toEqual([sent, sent])
  })

  it('opens a connection to the primary that is named, and none to one that no longer is', async () => {
    const { cluster, client } = open()
    await client.open('b:2', undefined)?.call('PING')
    expect(cluster.nodes['a:1'].duplicates).toHaveLength(0)
    expect(cluster.nodes['b:2'].duplicates[0]?.sent[0]?.args).toEqual(['PING'])
    expect(client.open('c:3', undefined)).toBeUndefined()
  })

  it('asks for the slots again by a command of the key, whose failure is nobody’s', async () => {
    const { cluster, client } = open()
    cluster.answer = () => {
      throw new Error('MOVED')
    }
    client.refresh('key')
    await turn()
    expect(cluster.sent).toEqual([['key', false, ['EXISTS', 'key'], OWN]])
  })

  it('is ready while it is open and knows its primaries', () => {
    const { cluster, client } = open()
    expect(client.state).toBe('ready')
    const { masters } = cluster
    cluster.masters = []
    expect(client.state).toBe('away')
    cluster.masters = masters
    cluster.isOpen = false
    expect(client.state).toBe('ended')
  })
})

describe('a client of Sentinels', () => {
  const ROOTS = [
    { host: 's1', port: 1 },
    { host: 's2', port: 2 },
  ]
  const OPTIONS = { name: 'main', sentinelRootNodes: ROOTS }
  const open = (answer?: (args: string[]) => unknown, options: object = OPTIONS, Kind = FakeSentinel) => {
    const node = new FakeNode(answer, {
      socket: { host: 'redis', port: 7, tls: true },
      username: 'app',
      password: 'secret',
    })
    const sentinel = new Kind(node, options)
    return { node, sentinel, client: storeClient(sentinel) }
  }
  const ask = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main'] as const

  it('sends a command to the primary, to be read the store’s way', async () => {
    const { node, sentinel, client } = open(() => 'said')
    expect(await client.call('GET', 'key')).toBe('said')
    expect(node.sent).toEqual([{ args: ['GET', 'key'], options: OWN }])
    expect(sentinel.executed).toEqual([false])
  })

  it('sends nothing again by itself that may have been done, and is told why', async () => {
    const lost = new Error('Socket closed unexpectedly')
    const { node, client } = open(() => {
      throw lost
    })
    await expect(client.call('INCR', 'key')).rejects.toBe(lost)
    expect(node.sent).toHaveLength(1)
  })

  it('sends again to another primary what a replica refused', async () => {
    let refused = 0
    const { node, client } = open(() => {
      refused += 1
      if (refused === 1) throw new Error("READONLY You can't write against a read only replica.")
      return 'done'
    })
    expect(await client.call('INCR', 'key')).toBe('done')
    expect(node.sent).toHaveLength(2)
  })

  it('is traced by its primary once it has sent something', async () => {
    const { client } = open()
    expect(client.locationOf('key')).toEqual({})
    await client.call('GET', 'key')
    expect(client.locationOf('key')).toEqual({ host: 'redis', port: 7, database: 0 })
    expect(client.primaries()).toEqual([client])
    expect(client.primaryOf('key')).toBe('')
  })

  it('tells the set that they watch, and whether it goes elsewhere than they say', () => {
    expect(open().client.sentinels).toMatchObject({ set: 'main', addresses: ROOTS, translated: false })
    const mapped = { ...OPTIONS, nodeAddressMap: {} }
    expect(open(undefined, mapped).client.sentinels).toMatchObject({ set: 'main', translated: true })
  })

  it.each([
    ['version 5, whose options nobody learns', OPTIONS, FakeSentinel5],
    ['no name', { sentinelRootNodes: ROOTS }, FakeSentinel],
    ['no addresses', { name: 'main' }, FakeSentinel],
  ])(
    'confirms no change by replicas with %s, and the store says so when it is made',
    (_name, options, Kind) => {
      const { client, sentinel } = open(undefined, options, Kind)
      expect(client.confirms).toBe(false)
      expect(client.sentinels).toBeUndefined()
      const store = () =>
        new ExactRedisStore({
          client: sentinel as unknown as ExactRedisStoreOptions['client'],
          durability: { replicas: 1 },
        })
      expect(store).toThrow(/createSentinel of node-redis 6/)
    },
  )

  it('confirms changes with version 6', () => {
    expect(open().client.confirms).toBe(true)
  })

  it('asks a Sentinel on a connection for just this, with nothing that is meant for the data’s servers', async () => {
    const own = { username: 'watcher', socket: { keepAlive: true } }
    const { node, sentinel, client } = open(() => 'said', { ...OPTIONS, sentinelClientOptions: own })
    const replies = await client.sentinels?.ask({ host: 's1', port: 1 }, [ask, ['PING']], 60_000)
    expect(replies).toEqual(['said', 'said'])
    const [made] = node.duplicates as [FakeNode]
    expect(node.duplicates).toHaveLength(1)
    // As the primary's, whatever replicas there are.
    expect(sentinel.executed).toEqual([false])
    expect(made.options).toEqual({
      username: 'watcher',
      RESP: 2,
      maintNotifications: 'disabled',
      clientSideCache: undefined,
      socket: { keepAlive: true, host: 's1', port: 1, reconnectStrategy: false },
    })
    expect(made.sent).toEqual([
      { args: [...ask], options: OWN },
      { args: ['PING'], options: OWN },
    ])
    expect(made.destroyed).toBe(1)
    // Nobody else listens.
    made.emit('error', new Error('late'))
  })

  it('asks a Sentinel without a password if none is said', async () => {
    const { node, client } = open()
    await client.sentinels?.ask({ host: 's1', port: 1 }, [ask], 60_000)
    const [made] = node.duplicates as [FakeNode]
    expect(made.options).toMatchObject({ username: undefined, password: undefined })
    expect(made.options.socket).toEqual({ host: 's1', port: 1, reconnectStrategy: false })
  })

  it('gives up a Sentinel that is silent', async () => {
    const { node, client } = open()
    const { duplicate } = node
    node.duplicate = (overrides) => {
      const made = duplicate.call(node, overrides)
      made.connects = () =>
        new Promise((_resolve, reject) => {
          const { destroy } = made
          made.destroy = () => {
            destroy.call(made)
            reject(new Error('Disconnects client'))
          }
        })
      return made
    }
    await expect(client.sentinels?.ask({ host: 's1', port: 1 }, [ask], 5)).rejects.toThrow('Disconnects')
    // It has ended: there is nothing to destroy again.
    expect(node.duplicates[0]?.destroyed).toBe(1)
  })

  it('opens a connection to the primary that the first Sentinel to answer names', async () => {
    const { node, client } = open(([command]) => (command === 'SENTINEL' ? ['primary', '6380'] : 'PONG'))
    const connection = client.open('', undefined)
    expect(connection?.server).toBeUndefined()
    expect(await connection?.call('PING')).toBe('PONG')
    expect(connection?.server).toEqual({ host: 'primary', port: 6380 })
    const asked = node.duplicates.filter(({ sent }) => sent[0]?.args[0] === 'SENTINEL')
    expect(asked.map(({ options }) => options.socket)).toEqual(
      ROOTS.map((root) => ({ ...root, reconnectStrategy: false })),
    )
    expect(asked[0]?.sent[0]?.args).toEqual([...ask])
    const made = node.duplicates.find((one) => !asked.includes(one))
    expect(made?.options).toMatchObject({
      username: 'app',
      password: 'secret',
      socket: { host: 'primary', port: 6380, tls: true, reconnectStrategy: false },
    })
  })

  it('opens none while no Sentinel answers: what waits for it hears so', async () => {
    const { client } = open(() => {
      throw new Error('away')
    })
    const connection = client.open('', undefined)
    await expect(connection?.call('PING')).rejects.toThrow('All promises were rejected')
    expect(connection?.server).toBeUndefined()
  })

  it('closes its connections when it is closed', async () => {
    const { node, sentinel, client } = open(([command]) =>
      command === 'SENTINEL' ? ['primary', '1'] : 'PONG',
    )
    await client.open('', undefined)?.call('PING')
    sentinel.emit('disconnect')
    await turn()
    expect(node.duplicates.find(({ options }) => options.username === 'app')?.destroyed).toBe(1)
  })
})

describe('a client that can be paused', () => {
  class Pausable extends FakeNode {
    said = ''
    get _self(): this {
      return this
    }
    _pause(): void {
      this._self.said += '-'
    }
    _unpause(): void {
      this._self.said += '+'
    }
  }
  const sayings = (node: Pausable) => {
    for (const event of ['connect', 'ready', 'error', 'reconnecting', 'connect', 'ready']) node.emit(event, 1)
    return node.said
  }

  it('writes nothing between two connections, however many stores it has', () => {
    const node = new Pausable()
    for (const _ of [1, 2]) storeClient(node.on('error', () => {}))
    expect(sayings(node)).toBe('+-+')
  })

  it('is the one of each node of a Cluster, once there is one, and of each replica, which may be promoted', () => {
    const nodes = [new Pausable(), new Pausable(), new Pausable()]
    const [early, late, replica] = nodes.map((node) => node.on('error', () => {}))
    const masters: { address: string; client?: object | undefined }[] = [
      { address: 'a:1', client: early },
      { address: 'b:2' },
    ]
    const cluster = Object.assign(new EventEmitter(), {
      ...{ isOpen: true, masters, slots: [], nodeClient() {}, sendCommand() {}, destroy() {} },
      replicas: [{ address: 'c:3', client: replica }],
    })
    storeClient(cluster)
    masters[1] = { address: 'b:2', client: late }
    cluster.emit('node-connect')
    expect(nodes.map(sayings)).toEqual(['+-+', '+-+', '+-+'])
  })

  it('is the one of the primary that Sentinels name', async () => {
    const node = new Pausable()
    const client = storeClient(
      new FakeSentinel(
        node.on('error', () => {}),
        { name: 'main' },
      ),
    )
    await client.call('PING')
    await client.call('PING')
    expect(sayings(node)).toBe('+-+')
  })
})

describe('what lacks something that a client of one server has', () => {
  it.each(['sendCommand', 'isOpen', 'destroy', 'duplicate', 'isReady'])('is none: %s', (name) => {
    const all = { sendCommand() {}, isOpen: true, isReady: true, destroy() {}, duplicate() {}, on() {} }
    expect(storeClient({ ...all }).state).toBe('ready')
    const object = Object.fromEntries(Object.entries(all).filter(([key]) => key !== name))
    expect(() => storeClient(object)).toThrow(TypeError)
  })

  it.each(['masters', 'nodeClient'])('is none of a Cluster: %s', (name) => {
    const all = {
      ...{ sendCommand() {}, isOpen: true, destroy() {}, on() {}, masters: [], nodeClient() {} },
      replicas: [],
    }
    expect(storeClient({ ...all }).state).toBe('away')
    const object = Object.fromEntries(Object.entries(all).filter(([key]) => key !== name))
    expect(() => storeClient(object)).toThrow(TypeError)
  })
})
