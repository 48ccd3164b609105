// How a change waits for replicas under Sentinels, case by case: with servers that say what the case needs. The real ones are in
// faults/failover.test.ts.
import { beforeEach, describe, expect, it } from 'vitest'
import type { Address, OwnConnection, Sentinels } from '../../src/store/clients/client.js'
import { InSyncWait } from '../../src/store/in-sync.js'
import type { Replica } from '../../src/store/sentinels.js'

const PRIMARY = { host: '127.0.0.1', port: 7000 }
const SENTINELS = [1, 2, 3].map((port) => ({ host: '127.0.0.1', port }))
const DOWN = { flags: 's_down,slave', 'last-ok-ping-reply': '2000' }

/** What the primary answers next: how many have confirmed, and where each follower is. */
let waits: { confirmed: number; followers: Record<string, number> }[]
/** What a Sentinel says; an error if it says nothing. */
let says: (
  sentinel: Address,
) => { primary?: Address; flags?: string; others?: number; replicas?: Replica[] } | Error
let commands: unknown[][]
let asked: { sentinel: Address; commands: unknown; timeoutMs: number }[]
let moved: number
let role: string
let server: Address | undefined
let lost: () => void

const replica = (port: number, more: Replica = {}): Replica => ({
  ip: '127.0.0.1',
  port: `${port}`,
  flags: 'slave',
  'slave-priority': '100',
  'slave-repl-offset': '7',
  'last-ok-ping-reply': '50',
  ...more,
})
const pairs = (record: Readonly<Record<string, string>>) => Object.entries(record).flat()

const sentinels: Sentinels = {
  set: 'main',
  addresses: SENTINELS,
  translated: false,
  async ask(sentinel, questions, timeoutMs) {
    asked.push({ sentinel, commands: questions, timeoutMs })
    const said = says(sentinel)
    if (said instanceof Error) throw said
    const { primary = PRIMARY, flags = 'master', others = SENTINELS.length - 1, replicas = [] } = said
    const state = pairs({ name: 'main', flags, 'num-other-sentinels': `${others}` })
    return [[primary.host, `${primary.port}`], state, replicas.map(pairs)]
  },
}

function open({ least = 1, patienceMs = 0 } = {}): InSyncWait {
  const connection = {
    get server() {
      return server
    },
    async call(command: string, ...args: unknown[]) {
      commands.push([command, ...args])
      const [now] = waits
      if (command === 'WAIT') return now?.confirmed
      // The last answer stays.
      if (waits.length > 1) waits.shift()
      const listed = Object.entries(now?.followers ?? {})
      return [role, 0, listed.map(([address, offset]) => [...address.split(':'), `${offset}`])]
    },
    onLost(listener: () => void) {
      lost = listener
    },
  } as Partial<OwnConnection> as OwnConnection
  return new InSyncWait(connection, sentinels, least, patienceMs, () => {
    moved += 1
  })
}

const A = '127.0.0.1:7001'
const B = '127.0.0.1:7002'
const refused = (message: string | RegExp) => ({
  code: 'ERR_STORE_NOT_DURABLE',
  message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
})

beforeEach(() => {
  waits = [{ confirmed: 2, followers: { [A]: 7, [B]: 7 } }]
  says = () => ({ replicas: [replica(7001), replica(7002)] })
  commands = []
  asked = []
  moved = 0
  role = 'master'
  server = PRIMARY
})

describe('a change', () => {
  it('counts once all have it that might be promoted; who they are is asked once', async () => {
    const wait = open()
    await wait.confirm()
    expect(asked.map(({ sentinel }) => sentinel)).toEqual(SENTINELS)
    expect(asked[0]).toMatchObject({
      commands: [
        ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main'],
        ['SENTINEL', 'MASTER', 'main'],
        ['SENTINEL', 'REPLICAS', 'main'],
      ],
      timeoutMs: 400,
    })
    await wait.confirm()
    expect(asked).toHaveLength(SENTINELS.length)
    // As many as might be promoted, whatever was asked for at least.
    expect(commands).toEqual([['WAIT', 1, 200], ['ROLE'], ['WAIT', 2, 200], ['ROLE']])
  })

  it('waits for as many as were asked for, though nobody else might be promoted', async () => {
    waits = [{ confirmed: 1, followers: { [A]: 7 } }]
    says = () => ({ replicas: [replica(7001)] })
    await expect(open({ least: 2 }).confirm()).rejects.toMatchObject(refused(/: confirmed by 1 of 2$/))
    expect(commands[0]).toEqual(['WAIT', 2, 200])
  })

  it('does not count while one that might be promoted has not confirmed it, and names it', async () => {
    waits = [{ confirmed: 1, followers: { [A]: 7, [B]: 5 } }]
    const wait = open({ patienceMs: 1 })
    await expect(wait.confirm()).rejects.toMatchObject(
      refused(`confirmed by 1 replicas, not by each of ${A}, ${B}`),
    )
    waits = [{ confirmed: 2, followers: { [A]: 9, [B]: 9 } }]
    await wait.confirm()
  })

  it('is waited for until one that has just died is down for the Sentinels', async () => {
    const wait = open({ patienceMs: 60_000 })
    await wait.confirm()
    waits = [{ confirmed: 1, followers: { [A]: 7 } }]
    let times = 0
    says = () => {
      times += 1
      return { replicas: [replica(7001), replica(7002, times > 6 ? DOWN : {})] }
    }
    await wait.confirm()
    expect(times).toBeGreaterThan(6)
    // From now on it is known.
    times = 0
    await wait.confirm()
    expect(times).toBe(0)
  })

  it('counts though one is listed that nobody would promote; once that confirms something, it is waited for', async () => {
    says = () => ({ replicas: [replica(7001), replica(7002, { 'slave-priority': '0' })] })
    waits = [{ confirmed: 1, followers: { [A]: 7, [B]: 3 } }]
    const wait = open()
    await wait.confirm()
    waits = [{ confirmed: 2, followers: { [A]: 9, [B]: 9 } }]
    await wait.confirm()
    const before = asked.length
    waits = [{ confirmed: 1, followers: { [A]: 11, [B]: 9 } }]
    await wait.confirm()
    expect(asked.length).toBeGreaterThan(before)
  })

  it('is asked for again only after a while', async () => {
    waits = [{ confirmed: 1, followers: { [A]: 7, [B]: 5 } }]
    await expect(open({ patienceMs: 150 }).confirm()).rejects.toMatchObject(refused('not by each of'))
    expect(asked.length).toBeGreaterThan(SENTINELS.length)
    expect(asked.length).toBeLessThanOrEqual(4 * SENTINELS.length)
  })

  it('waits for one that is down while a failover is under way', async () => {
    waits = [{ confirmed: 1, followers: { [A]: 7 } }]
    says = () => ({ flags: 'master,failover_in_progress', replicas: [replica(7001), replica(7002, DOWN)] })
    await expect(open().confirm()).rejects.toMatchObject(refused(`not by each of ${A}, ${B}`))
  })

  it('counts for a replica that the Sentinels know by its name', async () => {
    waits = [{ confirmed: 1, followers: { [A]: 7 } }]
    says = () => ({ replicas: [replica(7001, { ip: 'localhost' })] })
    await open().confirm()
  })

  it('does not wait for the primary itself, which the Sentinels list after it was promoted', async () => {
    waits = [{ confirmed: 1, followers: { [A]: 7 } }]
    says = () => ({ replicas: [replica(7001), replica(7000)] })
    await open().confirm()
  })
})

describe('nothing is known', () => {
  it('of a server that is no primary any more', async () => {
    role = 'slave'
    await expect(open().confirm()).rejects.toMatchObject(refused('this server is a slave'))
  })

  it('while the connection is lost; after that it is asked again who might be promoted', async () => {
    const wait = open()
    await wait.confirm()
    lost()
    server = undefined
    await expect(wait.confirm()).rejects.toMatchObject(refused('the connection was lost'))
    server = PRIMARY
    await wait.confirm()
    expect(asked).toHaveLength(2 * SENTINELS.length)
  })

  it.each([
    ['most', 2, true],
    ['some', 1, false],
  ])('if %s Sentinels name another primary', async (_how, others, isMoved) => {
    says = ({ port }) => ({
      ...(port <= others ? { primary: { host: '127.0.0.1', port: 7001 } } : {}),
      replicas: [replica(7001), replica(7002)],
    })
    const confirmed = open().confirm()
    if (isMoved) await expect(confirmed).rejects.toMatchObject(refused('the Sentinels name another primary'))
    else await confirmed
    expect(moved).toBe(isMoved ? 1 : 0)
  })

  it('but not if just half of those that answer do', async () => {
    says = ({ port }) => {
      if (port === 3) return new Error('no route')
      const primary = port === 1 ? { primary: { host: '127.0.0.1', port: 7001 } } : {}
      return { ...primary, replicas: [replica(7001), replica(7002)] }
    }
    await open().confirm()
    expect(moved).toBe(0)
  })

  it('unless more than half of the Sentinels answer', async () => {
    says = ({ port }) => (port === 1 ? { replicas: [replica(7001), replica(7002)] } : new Error('no route'))
    await expect(open().confirm()).rejects.toMatchObject(refused('1 of 3 Sentinels answered: no route'))
    says = ({ port }) => (port < 3 ? { replicas: [replica(7001), replica(7002)] } : new Error('no route'))
    await open().confirm()
  })

  it('unless more than half of those that the Sentinels know of answer', async () => {
    says = () => ({ others: 5, replicas: [replica(7001), replica(7002)] })
    await expect(open().confirm()).rejects.toMatchObject(refused(/: 3 of 6 Sentinels answered$/))
    says = () => ({ others: 4, replicas: [replica(7001), replica(7002)] })
    await open().confirm()
  })
})
