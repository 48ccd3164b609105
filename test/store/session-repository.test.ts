// What is asked of Redis for a session, and what its answers mean: with a Redis that says what each case needs.
import { describe, expect, it } from 'vitest'
import { NO_CHANGE } from '../../src/store/change.js'
import type { Commit, CommitOutcome } from '../../src/store/commit.js'
import { Durability } from '../../src/store/durability.js'
import { Encryption } from '../../src/store/encryption.js'
import { FIXED } from '../../src/store/expiry.js'
import { Keys } from '../../src/store/keys.js'
import { RetryingClient } from '../../src/store/retrying-client.js'
import { DESTROY, KIND, LOAD, RETIRE, TOUCH } from '../../src/store/scripts.generated.js'
import { SessionRepository } from '../../src/store/session-repository.js'
import { fakeClient } from './fake-client.js'

const NAMES = new Map<string, string>(
  Object.entries({ DESTROY, KIND, LOAD, RETIRE, TOUCH }).map(([name, { sha }]) => [sha, name]),
)
const RULES = { counters: new Set(['visits']), cappedLists: new Map([['trail', 3]]) }
const HOUR = 3_600_000

interface Case extends Partial<ConstructorParameters<typeof SessionRepository>[3]> {
  /** What Redis says to each command, by its name; one after the other, and the last one again. */
  readonly says?: Readonly<Record<string, readonly unknown[]>>
  /** What becomes of each commit; `ok` after these. */
  readonly outcomes?: readonly (CommitOutcome | Promise<CommitOutcome> | Error)[]
  readonly replicas?: number
  readonly keyPrefix?: string
  readonly connections?: () => number
}

function open({
  says = {},
  outcomes = [],
  replicas,
  keyPrefix = '',
  connections = () => 1,
  ...options
}: Case = {}) {
  const sent: unknown[][] = []
  const commits: (Commit & { key: string })[] = []
  const refused: string[] = []
  const left = new Map(Object.entries(says).map(([name, answers]) => [name, [...answers]]))
  const answer = (name: string) => {
    const answers = left.get(name) ?? []
    const said = answers.length > 1 ? answers.shift() : answers[0]
    if (said instanceof Error) throw said
    return said
  }
  const commands = {
    async script({ sha }: { sha: string }, keys: readonly string[], args: readonly unknown[]) {
      const name = NAMES.get(sha) ?? sha
      sent.push([name, ...keys, ...args])
      return answer(name)
    },
    async call(command: string, ...args: unknown[]) {
      sent.push([command, ...args])
      return answer(command)
    },
  }
  const client = fakeClient({
    ...(commands as object),
    get connections() {
      return connections()
    },
    keyPrefix,
    connected: async () => {},
    primaries: () => [commands as never],
    open: () => ({ ...commands, onLost() {}, onEnded() {} }) as never,
  })
  const durability = new Durability(replicas ? { replicas } : 'primary', client, 60_000)
  const redis = new RetryingClient(client, durability, 60_000, () => {})
  const rest = [...outcomes]
  const queue = {
    async send(key: string, commit: Commit) {
      commits.push({ key, ...commit })
      const outcome = rest.shift() ?? (['ok', {}] as const)
      if (outcome instanceof Error) throw outcome
      return outcome
    },
  }
  const sessions = new SessionRepository(new Keys('sess:', 2, keyPrefix), redis, queue as never, {
    rules: RULES,
    ttl: 60,
    encryption: undefined,
    isPlain: false,
    parseRecord: JSON.parse,
    onUnextended: (reason) => refused.push(reason),
    ...options,
  })
  return { sessions, sent, commits, refused, deadline: redis.deadline() }
}
const WHOLE = ['1000', `${HOUR}`, '@ttl', `${HOUR}`, ':visits', '1']

describe('a load', () => {
  it('extends the session if it counts, and says how it is extended', async () => {
    const { sessions, sent, deadline } = open({ says: { LOAD: [WHOLE] } })
    expect(await sessions.load('sid', true, deadline)).toMatchObject({
      sid: 'sid',
      base: new Map([['visits', '1']]),
      expiry: { kind: 'sliding', ms: HOUR },
      ttlMs: 1_000,
    })
    expect(sent).toEqual([['LOAD', 'sess:sid', '1']])
  })

  it('extends nothing if it does not count, and is not taken for a use later', async () => {
    const { sessions, sent, deadline } = open({ says: { LOAD: [WHOLE] } })
    const found = await sessions.load('sid', false, deadline)
    expect(found?.extendedAt).toBe(Number.NEGATIVE_INFINITY)
    expect(sessions.isLoadedPlainly('sid')).toBe(false)
    expect(sent).toEqual([['LOAD', 'sess:sid', '0']])
  })

  it('soon after is a plain command, until another connection is made', async () => {
    let connections = 1
    const { sessions, sent, deadline } = open({
      says: { LOAD: [WHOLE], HGETALL: [['@ttl', `${HOUR}`, ':visits', '2', '@wmark', '1']] },
      connections: () => connections,
    })
    const first = await sessions.load('sid', true, deadline)
    expect(sessions.isLoadedPlainly('sid')).toBe(true)
    const second = await sessions.load('sid', true, deadline)
    expect(second).toMatchObject({ base: new Map([['visits', '2']]), expiry: { kind: 'sliding', ms: HOUR } })
    expect(second?.extendedAt).toBe(first?.extendedAt)
    // What is left of its life since then.
    expect(second?.ttlMs).toBeLessThanOrEqual(HOUR)
    const since = performance.now() - Number(first?.extendedAt)
    expect(second?.ttlMs).toBeGreaterThanOrEqual(HOUR - since)
    connections = 2
    expect(sessions.isLoadedPlainly('sid')).toBe(false)
    await sessions.load('sid', true, deadline)
    expect(sent.map(([name]) => name)).toEqual(['LOAD', 'HGETALL', 'LOAD'])
  })

  it.each<[string, unknown]>([
    ['another said how it expires', ['@ttl', '5', ':visits', '2']],
    ['nothing says how it expires', [':a', '@ttl', ':b', `${HOUR}`]],
    ['it is no list', 'QUEUED?'],
    ['its key holds something else', new Error('WRONGTYPE Operation against a key')],
  ])('by a plain command is made anew by the script if %s', async (_what, reply) => {
    const { sessions, sent, deadline } = open({ says: { LOAD: [WHOLE], HGETALL: [reply] } })
    await sessions.load('sid', true, deadline)
    expect(await sessions.load('sid', true, deadline)).toMatchObject({ base: new Map([['visits', '1']]) })
    expect(sent.map(([name]) => name)).toEqual(['LOAD', 'HGETALL', 'LOAD'])
  })

  it('by a plain command finds none where none is, and fails as Redis says', async () => {
    const gone = open({ says: { LOAD: [WHOLE], HGETALL: [[]] } })
    await gone.sessions.load('sid', true, gone.deadline)
    expect(await gone.sessions.load('sid', true, gone.deadline)).toBeUndefined()
    expect(gone.sent.map(([name]) => name)).toEqual(['LOAD', 'HGETALL'])
    const refused = open({ says: { LOAD: [WHOLE], HGETALL: [new Error('NOPERM this user')] } })
    await refused.sessions.load('sid', true, refused.deadline)
    await expect(refused.sessions.load('sid', true, refused.deadline)).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
    })
  })

  it('tells why a session was not extended, and asks the script the next time, too', async () => {
    const says = { LOAD: [["1000 READONLY You can't write", ...WHOLE.slice(1)]] }
    const { sessions, refused, sent, deadline } = open({ says })
    await sessions.load('sid', true, deadline)
    expect(refused).toEqual(["READONLY You can't write"])
    await sessions.load('sid', true, deadline)
    expect(sent.map(([name]) => name)).toEqual(['LOAD', 'LOAD'])
  })

  it('of a session that ends at a fixed time is always the script’s', async () => {
    const { sessions, deadline } = open({ says: { LOAD: [['1000', '', ':a', '1']] } })
    await sessions.load('sid', true, deadline)
    expect(sessions.isLoadedPlainly('sid')).toBe(false)
  })

  it('of what is no session says so', async () => {
    const { sessions, deadline } = open({ says: { LOAD: [new Error('WRONGTYPE Operation against a key')] } })
    const loaded = sessions.load('sid', true, deadline)
    await expect(loaded).rejects.toMatchObject({
      code: 'ERR_SESSION_FOREIGN',
      cause: { code: 'ERR_STORE_REFUSED' },
    })
    const refused = open({ says: { LOAD: [new Error('NOPERM this user')] } })
    await expect(refused.sessions.load('sid', true, refused.deadline)).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
    })
  })
})

describe('with encryption keys', () => {
  const encryption = new Encryption(['ab'.repeat(32)])

  it('all is encrypted that Redis needn’t merge, a record that is taken over, too', async () => {
    const { sessions, commits, deadline } = open({ encryption })
    const legacy = { text: '{}', fields: new Map([['old', '1']]) }
    const set = new Map([
      ['user', '"ada"'],
      ['visits', '1'],
      ['trail', '["a"]'],
    ])
    const commit = { mode: 'update', change: { ...NO_CHANGE, set }, legacy } as unknown as Commit
    await sessions.commit('sid', commit, deadline)
    const [sent] = commits
    expect(sent?.key).toBe('sess:sid')
    expect(sent?.change.set.get('visits')).toBe('1')
    expect(sent?.change.set.get('trail')).toBe('["a"]')
    expect(encryption.open('sid', 'user', sent?.change.set.get('user') ?? '')).toBe('"ada"')
    expect(sent?.change.set.get('user')).not.toContain('ada')
    expect(encryption.open('sid', 'old', sent?.legacy?.fields.get('old') ?? '')).toBe('1')
    expect(sent?.legacy?.text).toBe('{}')
  })

  it('nothing is that connect-redis is to read', async () => {
    const { sessions, commits, deadline } = open({ encryption, isPlain: true })
    const change = { ...NO_CHANGE, set: new Map([['user', '"ada"']]) }
    await sessions.commit('sid', { mode: 'update', change } as unknown as Commit, deadline)
    expect(commits[0]?.change).toBe(change)
  })

  it('it is opened again; a list that was encrypted before it was declared is set as a whole', async () => {
    const seal = (name: string, text: string) => encryption.seal('sid', name, text)
    const LOADED = [
      '1000',
      '',
      ':user',
      seal('user', '"ada"'),
      ':trail',
      seal('trail', '["a"]'),
      ':visits',
      '1',
    ]
    const { sessions, deadline } = open({ encryption, says: { LOAD: [LOADED] } })
    expect((await sessions.load('sid', false, deadline))?.base).toEqual(
      new Map([
        ['user', '"ada"'],
        ['trail', '["a"] '],
        ['visits', '1'],
      ]),
    )
  })

  it('a list in plain text stays one that is appended to', async () => {
    const { sessions, deadline } = open({ encryption, says: { LOAD: [['1000', '', ':trail', '["a"]']] } })
    expect((await sessions.load('sid', false, deadline))?.base.get('trail')).toBe('["a"]')
  })
})

describe('a destroy', () => {
  it('is a plain command, or one that replicas confirm', async () => {
    const plain = open()
    await plain.sessions.destroy('sid', plain.deadline)
    expect(plain.sent).toEqual([['DEL', 'sess:sid']])
    const durable = open({ replicas: 1, says: { WAIT: [1] } })
    await durable.sessions.destroy('sid', durable.deadline)
    expect(durable.sent.slice(0, 2)).toEqual([
      ['DESTROY', 'sess:sid'],
      ['WAIT', 1, 15_000],
    ])
  })

  it('waits for a commit that makes the session: sent again, that would bring it back', async () => {
    let made: (outcome: CommitOutcome) => void = () => {}
    const first = new Promise<CommitOutcome>((resolve) => {
      made = resolve
    })
    const { sessions, sent, deadline } = open({ outcomes: [first, new Error('OOM')] })
    const create = { mode: 'create', change: NO_CHANGE } as unknown as Commit
    const created = sessions.commit('sid', create, deadline)
    const destroyed = sessions.destroy('sid', deadline)
    await sessions.destroy('other', deadline)
    expect(sent).toEqual([['DEL', 'sess:other']])
    made(['ok', {}])
    await Promise.all([created, destroyed])
    expect(sent).toEqual([
      ['DEL', 'sess:other'],
      ['DEL', 'sess:sid'],
    ])
    // Of two that make it, the one that is over first is not the last.
    let second: (outcome: CommitOutcome) => void = () => {}
    const two = open({
      outcomes: [
        ['ok', {}],
        new Promise((resolve) => {
          second = resolve
        }),
      ],
    })
    const both = [1, 2].map(() => two.sessions.commit('sid', create, two.deadline))
    await both[0]
    const ended = two.sessions.destroy('sid', two.deadline)
    await new Promise((resolve) => setImmediate(resolve))
    expect(two.sent).toEqual([])
    second(['exists'])
    await Promise.all([...both, ended])
    expect(two.sent).toEqual([['DEL', 'sess:sid']])
    // One that failed is over, too.
    const failed = expect(sessions.commit('sid', create, deadline)).rejects.toThrow('OOM')
    await sessions.destroy('sid', deadline)
    await failed
    expect(sent).toHaveLength(3)
  })
})

describe('an update', () => {
  const VISIT = {
    change: { ...NO_CHANGE, added: new Map([['visits', { by: 1, total: 1 }]]) },
    idempotencyKey: '',
  }
  const found = ['1000', `${HOUR}`, ':cookie', '{}', ':user', '"ada"', ':more', '1']

  it('is one commit that loads the session, with the counters as it left them', async () => {
    const { sessions, commits, sent, deadline } = open({ outcomes: [['ok', { visits: 7 }, found]] })
    const made = await sessions.update('sid', { ...VISIT, keys: undefined }, deadline)
    expect(made).toMatchObject({ repeated: false })
    expect(Object.fromEntries(made?.loaded.base ?? [])).toEqual({
      cookie: '{}',
      user: '"ada"',
      more: '1',
      visits: '7',
    })
    expect(commits[0]).toMatchObject({
      mode: 'update',
      loads: 'all',
      ttlMs: undefined,
      legacy: undefined,
      reads: [],
    })
    expect(sent).toEqual([])
  })

  it('loads only what is wanted, with the cookie; of a batch there may be more', async () => {
    const { sessions, commits, deadline } = open({ outcomes: [['ok', { visits: 7 }, found]] })
    const made = await sessions.update('sid', { ...VISIT, keys: ['visits', 'user'] }, deadline)
    expect(commits[0]?.loads).toEqual([':cookie', ':user'])
    expect(Object.fromEntries(made?.loaded.base ?? [])).toEqual({ cookie: '{}', user: '"ada"', visits: '7' })
  })

  it('under an idempotency key loads the counters, too: those of the first time come for a repeat', async () => {
    const { sessions, commits, deadline } = open({ outcomes: [['dup', { visits: 3 }, found]] })
    const wanted = { ...VISIT, idempotencyKey: 'k', keys: ['visits'] }
    expect(await sessions.update('sid', wanted, deadline)).toMatchObject({ repeated: true })
    expect(commits[0]).toMatchObject({ loads: [':cookie', ':visits'], idempotencyKey: 'k' })
  })

  it('of a session that has ended changes nothing', async () => {
    const { sessions, sent, deadline } = open({ outcomes: [['gone']] })
    expect(await sessions.update('sid', { ...VISIT, keys: undefined }, deadline)).toBeUndefined()
    expect(sent).toEqual([])
    const late = open({ outcomes: [['ok', { visits: 1 }]], says: { LOAD: [[]] } })
    expect(await late.sessions.update('sid', { ...VISIT, keys: undefined }, late.deadline)).toBeUndefined()
    expect(late.sent).toEqual([['LOAD', 'sess:sid', '1']])
  })

  it('of a record of connect-redis takes it over, to expire by its cookie or the option', async () => {
    const LOADED = ['1000', '', '', '{"cookie":{"originalMaxAge":null},"visits":1}']
    const { sessions, commits, deadline } = open({
      outcomes: [['moved'], ['ok', { visits: 2 }, found]],
      says: { LOAD: [LOADED] },
    })
    expect(await sessions.update('sid', { ...VISIT, keys: undefined }, deadline)).toBeDefined()
    expect(commits[1]).toMatchObject({
      legacy: { text: LOADED[3] },
      ttlMs: 60_000,
      expiry: { kind: 'sliding', ms: 60_000 },
    })
    const over = open({ outcomes: [['moved']], says: { LOAD: [LOADED] }, ttl: () => 0 })
    expect(await over.sessions.update('sid', { ...VISIT, keys: undefined }, over.deadline)).toBeUndefined()
  })
})

it('a replacement is written whatever is there, without a look at it', async () => {
  const { sessions, commits, deadline } = open()
  const fields = new Map([['a', '1']])
  await sessions.replace('sid', fields, 5, FIXED, deadline)
  expect(commits).toEqual([
    {
      key: 'sess:sid',
      mode: 'replace',
      idempotencyKey: '',
      change: { ...NO_CHANGE, set: fields },
      reads: [],
      legacy: undefined,
      ttlMs: 5,
      expiry: FIXED,
      cappedLists: RULES.cappedLists,
    },
  ])
})

it('a touch extends by its own measure first, or not, and tells what Redis refused', async () => {
  const { sessions, sent, refused, deadline } = open({ says: { LOAD: [WHOLE], TOUCH: [1, 'NOREPLICAS'] } })
  await sessions.load('sid', true, deadline)
  await sessions.extend('sid', 5, true, deadline)
  // It may have less time now.
  expect(sessions.isLoadedPlainly('sid')).toBe(false)
  expect(refused).toEqual([])
  await sessions.extend('sid', 5, false, deadline)
  expect(sent.slice(1)).toEqual([
    ['TOUCH', 'sess:sid', 5, 1],
    ['TOUCH', 'sess:sid', 5, 0],
  ])
  expect(refused).toEqual(['NOREPLICAS'])
})

it('a session that moves to a new id is kept for as long as a resend may come', async () => {
  const { sessions, sent, deadline } = open({ says: { RETIRE: [[':a', '1', '@ttl', '5'], '{"b":[2]}', []] } })
  expect(await sessions.retire('sid', deadline)).toEqual(new Map([['a', '1']]))
  expect(sent).toEqual([['RETIRE', 'sess:sid', expect.stringMatching(/^{sess:sid}:retired:/), 120_000]])
  // A record of connect-redis.
  expect(await sessions.retire('sid', deadline)).toEqual(new Map([['b', '[2]']]))
  expect(await sessions.retire('sid', deadline)).toEqual(new Map())
})

describe('all sessions', () => {
  const SCAN = [
    ['7', ['app:sess:a', 'app:sess:b', 'app:sess:b']],
    ['9', []],
    ['0', ['app:sess:b', 'app:sess:c']],
  ]

  it('are found on each server, once each, and nothing else is among them', async () => {
    const KIND = [1, 0, ['{"a":1}'], ['no JSON'], new Error('OOM')]
    const { sessions, sent } = open({ keyPrefix: 'app:', says: { SCAN, KIND } })
    expect(await sessions.ids()).toEqual(['a', 'c'])
    expect(sent.filter(([name]) => name === 'SCAN').map(([, cursor]) => cursor)).toEqual(['0', '7', '9'])
    expect(sent.filter(([name]) => name === 'KIND')).toEqual([
      ['KIND', 'sess:a'],
      ['KIND', 'sess:b'],
      ['KIND', 'sess:c'],
    ])
  })

  it('are found by what a parser of the user’s reads; what it fails with is told', async () => {
    const says = { SCAN: [['0', ['sess:a']]], KIND: [['text']] }
    expect(await open({ says, parseRecord: () => ({}) }).sessions.ids()).toEqual(['a'])
    expect(await open({ says, parseRecord: () => 1 }).sessions.ids()).toEqual([])
    const slow = open({ says, parseRecord: async () => ({}) })
    await expect(slow.sessions.ids()).rejects.toThrow(/no promise/)
  })

  it('are given some at a time', async () => {
    const { sessions } = open({ keyPrefix: 'app:', says: { SCAN } })
    const batches: string[][] = []
    for await (const batch of sessions.batches()) batches.push(batch)
    expect(batches).toEqual([['a', 'b'], ['c']])
  })

  it('are ended, and what is none is left alone', async () => {
    const { sessions, sent } = open({ says: { SCAN: [['0', ['sess:a', 'sess:b']]], KIND: [1, 0] } })
    await sessions.clear()
    expect(sent.filter(([name]) => name === 'DEL')).toEqual([['DEL', 'sess:a']])
  })
})
