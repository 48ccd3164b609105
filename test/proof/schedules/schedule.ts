import fc from 'fast-check'
import type { Redis } from 'ioredis'
import type { ExactRedisStore, ExactRedisStoreOptions } from '../../../src/store/index.js'
import { COMMIT, DESTROY, LOAD, RETIRE, TOUCH } from '../../../src/store/scripts.generated.js'
import { judge, type Operation } from '../histories/linearizable.js'
import {
  SESSION_MODEL,
  type SessionInput,
  type SessionOutput,
  type SessionState,
} from '../histories/session-model.js'
import { Replication } from './replication.js'
import { anyRequest, type HeldSession, type Log, type PlannedRequest, play } from './requests.js'
import { type Habit, ScheduledClient, type Server } from './scheduled-client.js'
import { VirtualTime } from './virtual-time.js'

/** Requests to one session through two stores, and what decides who goes next. */
export interface Schedule {
  readonly requests: readonly PlannedRequest[]
  /** Each chooses among what may happen next; when they are used up, all goes on without faults. */
  readonly choices: readonly number[]
  readonly habit: Habit
  /** Whether there is a replica that confirms commits, and may take the place of its primary. */
  readonly replicated: boolean
  /** Whether the session begins as a record of connect-redis. */
  readonly legacy: boolean
}

export const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  requests: fc.array(anyRequest, { minLength: 1, maxLength: 7 }),
  choices: fc.array(fc.nat(999), { maxLength: 80, size: 'max' }),
  habit: fc.constantFrom('rejects', 'resends', 'cluster'),
  replicated: fc.oneof(fc.constant(false), fc.boolean()),
  legacy: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.boolean()),
})

/** A promise of the store that a schedule has shown to be broken. */
export class Broken extends Error {}

/** The store's class: the real one, or one with a bug. */
export type StoreClass = new (options: ExactRedisStoreOptions) => ExactRedisStore

const SID = 'one'
const KEY = `sess:${SID}`
const TTL_SECONDS = 1_000
const DEADLINE_MS = 5_000
/** What is written so that no JSON.stringify would write it: whoever writes it back changes it. */
const ODD = '{ "big": 12345678901234567890, "float": 1.0 }'
const COOKIE = '{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"}'

/** Redis has them when a schedule begins, and no other, so that the same schedule is the same again. */
const KNOWN_SCRIPTS = [COMMIT, DESTROY, LOAD, RETIRE, TOUCH]

const START: SessionState = { visits: 1, keys: new Map() }

const turn = () => new Promise((resolve) => setImmediate(resolve))

/**
 * Plays a schedule on an empty Redis.
 * @param trace gets a line for each thing that happens.
 * @throws Broken
 */
export async function run(
  Store: StoreClass,
  redis: Redis,
  { requests, choices, habit, replicated, legacy }: Schedule,
  trace: string[] = [],
): Promise<void> {
  await begin(redis, legacy)
  // A Cluster's client has other connections for confirmed changes.
  const replica = replicated && habit !== 'cluster' ? new Replication(redis) : undefined
  await replica?.catchUp()
  const time = new VirtualTime()
  const server: Server = replica?.server ?? ((command) => callRedis(redis, command))
  const clients = [1, 2].map(() => new ScheduledClient(server, habit))
  const books = new Books(trace, replica !== undefined)
  const failures: unknown[] = []
  const held: { session: HeldSession; store: ExactRedisStore }[] = []
  let open = 0
  time.install()
  try {
    const stores = clients.map(
      (client) =>
        new Store({
          client: client as unknown as ExactRedisStoreOptions['client'],
          ttl: TTL_SECONDS,
          counters: ['visits'],
          cappedLists: { trail: 50 },
          deadlineMs: DEADLINE_MS,
          onGone: 'error',
          durability: replica ? { replicas: 1 } : 'primary',
        }),
    )
    const waiting = requests.map((request, id) => ({ request, id }))
    const start = () => {
      const next = waiting.shift()
      const store = next && stores[next.request.store]
      if (!store) return
      const { request, id } = next
      trace.push(
        `request ${id} begins: ${request.kind} ${request.kind.includes('key') ? request.key : ''} at store ${request.store}`,
      )
      open += 1
      play(store, SID, request, id, books)
        .then(
          (session) => {
            if (session) held.push({ session, store })
          },
          (error: unknown) => failures.push(error),
        )
        .finally(() => {
          open -= 1
          trace.push(`request ${id} has ended`)
        })
    }

    const happen = async (choice: number) => {
      const events = possible(clients, time, waiting.length > 0 ? start : undefined, books, trace, replica)
      // What must not come too often is at the end of the scale.
      if (choice >= 982) await disturb(redis, clients, books, trace, choice, replica)
      else if (events.length > 0) await events[choice % events.length]?.()
      books.clock += 1
      await turn()
    }
    for (const choice of choices) await happen(choice)
    // Without faults: what was sent is taken and answered, then the next request begins; time goes on only if nothing else does.
    const drain = async () => {
      for (let steps = 0; steps < 2_000; steps += 1) {
        const busy = clients.find((client) => client.canTake || client.canReply || client.canTakeLate)
        if (busy?.canReply) busy.reply()
        else if (busy?.canTake) await take(busy, replica)
        else if (busy) books.late(await busy.takeLate())
        else if (waiting.length > 0) start()
        else if (open > 0 && time.isWaiting) time.advance()
        else return
        books.clock += 1
        await turn()
      }
    }
    await drain()
    if (open > 0 || waiting.length > 0) throw new Broken('an operation never settles')
    if (failures.length > 0) throw new Broken(`an error that the contract doesn't name: ${failures[0]}`)
    for (const { session, store } of held) await commitOnceMore(session, store, redis, drain)
  } finally {
    time.restore()
  }
  await books.check(redis)
}

async function begin(redis: Redis, legacy: boolean): Promise<void> {
  const fields = { cookie: COOKIE, visits: '1', trail: '["begun"]', victim: '"here"', odd: ODD }
  const pipeline = redis.pipeline().flushall().script('FLUSH')
  for (const { lua } of KNOWN_SCRIPTS) pipeline.script('LOAD', lua)
  if (legacy) {
    const text = Object.entries(fields).map(([name, value]) => `"${name}":${value}`)
    pipeline.set(KEY, `{${text.join()}}`, 'EX', TTL_SECONDS)
  } else {
    const named = Object.entries(fields).map(([name, value]) => [`:${name}`, value])
    pipeline
      .hset(KEY, Object.fromEntries([...named, ['@ttl', `${TTL_SECONDS * 1000}`]]))
      .expire(KEY, TTL_SECONDS)
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
}

function callRedis(redis: Redis, [name = '', ...args]: readonly (string | number)[]): Promise<unknown> {
  return redis.call(`${name}`, ...args)
}

/** Lets the server take the client's next command. @param isPatient whether a WAIT lasts until the replica has followed */
async function take(
  client: ScheduledClient,
  replica: Replication | undefined,
  isPatient = true,
): Promise<string> {
  if (replica) replica.isPatient = isPatient
  return client.take()
}

/** What Redis may say instead of doing what it is asked, by a choice. */
const REFUSALS = {
  one: [
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
  ],
  cluster: [
    'MOVED 1 127.0.0.1:1',
    'ASK 1 127.0.0.1:1',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN The cluster is down',
  ],
}

/** What may happen next, the usual things several times, so that faults don't crowd them out. */
function possible(
  clients: readonly ScheduledClient[],
  time: VirtualTime,
  start: (() => void) | undefined,
  books: Books,
  trace: string[],
  replica: Replication | undefined,
): (() => void | Promise<void>)[] {
  const usual: (() => void | Promise<void>)[] = []
  const faults: (() => void | Promise<void>)[] = []
  const refusals: (() => void | Promise<void>)[] = []
  if (start) usual.push(start)
  clients.forEach((client, i) => {
    const cut = (reaching: number) => () => {
      trace.push(
        `client ${i} loses its connection; of what it had sent, at most ${reaching} commands arrive later`,
      )
      client.cut(reaching)
    }
    if (client.canTake) {
      usual.push(async () => void trace.push(`client ${i}: ${await take(client, replica)}`))
      faults.push(cut(0), cut(2))
      if (client.next === 'WAIT')
        usual.push(
          async () =>
            void trace.push(`client ${i}, which is not waited for: ${await take(client, replica, false)}`),
        )
      else
        for (const refusal of client.isCluster ? REFUSALS.cluster : REFUSALS.one.slice(0, 1)) {
          refusals.push(() => {
            trace.push(`client ${i} is refused: ${refusal}`)
            client.refuse(refusal)
          })
        }
    }
    if (client.canReply) {
      usual.push(() => {
        trace.push(`client ${i} gets a reply`)
        client.reply()
      })
      faults.push(cut(0), cut(0))
    }
    if (client.canTakeLate) usual.push(async () => books.late(await client.takeLate()))
  })
  if (time.isWaiting) {
    usual.push(() => {
      trace.push('time goes on to the next timer')
      time.advance()
    })
  }
  if (replica?.isBehind) {
    const failOver = () => {
      trace.push('the primary is lost, and its replica takes its place')
      for (const client of clients) client.cut(0, true)
      return replica.failOver()
    }
    faults.push(failOver, failOver, () => {
      trace.push('the replica catches up')
      return replica.catchUp()
    })
  }
  return [...usual, ...usual, ...usual, ...faults, ...refusals]
}

async function disturb(
  redis: Redis,
  clients: readonly ScheduledClient[],
  books: Books,
  trace: string[],
  choice: number,
  replica: Replication | undefined,
): Promise<void> {
  if (choice >= 998) {
    trace.push('Redis restarts')
    for (const client of clients) client.cut(0)
    await redis.call('DEBUG', 'RELOAD')
    await redis.script('FLUSH')
  } else if (choice >= 985) {
    trace.push('the scripts are flushed')
    await redis.script('FLUSH')
  } else if (choice >= 982) {
    trace.push('the session expires')
    const end = books.begin({ kind: 'destroy' })
    await redis.del(KEY)
    await replica?.catchUp()
    end('done')
  }
}

/** After its commit, a held session is what is stored: one commit more of it adds what it changes since, and nothing else. */
async function commitOnceMore(
  session: HeldSession,
  store: ExactRedisStore,
  redis: Redis,
  drain: () => Promise<void>,
): Promise<void> {
  const before = await redis.hgetall(KEY)
  session.more = 'more'
  let outcome: 'open' | 'done' | { code?: string } = 'open'
  store.commit(session).then(
    () => {
      outcome = 'done'
    },
    (error: { code?: string }) => {
      outcome = error
    },
  )
  while (outcome === 'open') {
    await drain()
    await turn()
  }
  const { code } = outcome as { code?: string }
  const gone = code === 'ERR_SESSION_GONE'
  if (outcome !== 'done' && !gone) throw new Broken(`a held session can't be committed again: ${outcome}`)
  if (gone && before[':visits'] !== undefined) throw new Broken('a living session is said to be gone')
  if (gone) return
  const after = await redis.hgetall(KEY)
  if (before[':visits'] === undefined) throw new Broken('a session that had ended is back')
  if (Number(after[':visits']) !== session.visits)
    throw new Broken(`a held session shows ${session.visits} visits, ${after[':visits']} are stored`)
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const own = name === ':more' || name === ':cookie' || name.startsWith('@')
    if (!own && before[name] !== after[name])
      throw new Broken(`a commit that changed another key made ${name} of ${before[name]} to ${after[name]}`)
  }
}

/** What was done and answered, and what must be stored by the end. */
class Books implements Log {
  /** Counts what happens: the time by which operations overlap or don't. */
  clock = 0
  readonly #trace: string[]
  readonly #stale: boolean
  readonly #operations: Operation<SessionInput, SessionOutput>[] = []
  readonly #written = new Map<string, string>()
  readonly #appended: string[] = []
  readonly #moved: { readonly sid: string; readonly visits: number; readonly removed: boolean }[] = []
  readonly #created = new Map<string, number | 'ended'>()
  readonly #late: string[] = []
  #removed = false

  /** @param stale whether what is read, and what is not there, may not be confirmed yet, so that it tells nothing. */
  constructor(trace: string[], stale: boolean) {
    this.#trace = trace
    this.#stale = stale
  }

  begin(input: SessionInput): (output: SessionOutput | undefined) => void {
    const index = this.#operations.length
    const operation = {
      client: `${index}`,
      input,
      output: undefined,
      called: this.clock,
      returned: Number.POSITIVE_INFINITY,
    }
    this.#operations.push(operation)
    return (output) => {
      if (this.#stale && (output === 'absent' || input.kind === 'read')) return
      this.#trace.push(`answered: ${SESSION_MODEL.nameOfInput(input)} → ${output}`)
      this.#operations[index] = { ...operation, output, returned: this.clock }
    }
  }

  wrote(key: string, text: string, acknowledged: boolean): void {
    if (acknowledged) this.#written.set(key, text)
  }

  appended(entry: string, acknowledged: boolean): void {
    if (acknowledged) this.#appended.push(entry)
  }

  removed(): void {
    this.#removed = true
  }

  moving(): (sid: string, visits: number) => void {
    const removed = this.#removed
    return (sid, visits) => this.#moved.push({ sid, visits, removed })
  }

  created(sid: string, visits: number | 'ended'): void {
    this.#created.set(sid, visits)
  }

  /** A command of a lost connection that the server took. */
  late(command: string): void {
    this.#trace.push(`late: ${command}`)
    this.#late.push(command)
  }

  /** @throws Broken */
  async check(redis: Redis): Promise<void> {
    for (const [sid, visits] of this.#created) {
      const stored = await redis.hgetall(`sess:${sid}`)
      if (visits === 'ended' && Object.keys(stored).length > 0 && !this.#isMadeLate(sid))
        throw new Broken('a new session that had ended is back')
      if (visits !== 'ended' && Number(stored[':visits']) !== visits)
        throw new Broken(`a new session shows ${visits} visits, ${stored[':visits']} are stored`)
    }
    for (const { sid, visits, removed } of this.#moved) {
      const stored = await redis.hgetall(`sess:${sid}`)
      if (Number(stored[':visits']) !== visits)
        throw new Broken(`a session with a new id has ${stored[':visits']} visits instead of ${visits}`)
      this.#checkContent(stored, removed)
    }
    const stored = await redis.hgetall(KEY).catch(() => undefined)
    // A record of connect-redis that nothing was committed to.
    if (!stored) return
    const lives = stored[':visits'] !== undefined
    this.#operations.push({
      client: 'the end',
      input: { kind: 'read' },
      output: lives ? Number(stored[':visits']) : 'absent',
      called: this.clock + 1,
      returned: this.clock + 2,
    })
    const judgement = judge(SESSION_MODEL, START, this.#operations)
    if (judgement !== 'linearizable')
      throw new Broken(`the answers are no history of a session (${judgement})`)
    if (!lives) {
      if (Object.keys(stored).length > 0) throw new Broken('something is left of a session that has ended')
      return
    }
    if ((await redis.pttl(KEY)) <= 0) throw new Broken('the session has no end')
    this.#checkContent(stored, this.#removed)
  }

  /** What the store can't know: its first commit came once more, after it had ended, from a connection that was lost. */
  #isMadeLate(sid: string): boolean {
    return this.#late.some((command) => command.includes(`sess:${sid} `) && command.includes(':cookie'))
  }

  #checkContent(stored: Readonly<Record<string, string>>, removed: boolean): void {
    for (const [key, text] of this.#written)
      if (stored[`:${key}`] !== text) throw new Broken(`an acknowledged key is lost: ${key}`)
    if (removed && stored[':victim'] !== undefined) throw new Broken('a deleted key is back')
    const odd = stored[':odd'] ?? ''
    if (odd !== ODD && odd !== JSON.stringify(JSON.parse(ODD)))
      throw new Broken(`an untouched key has changed: ${odd}`)
    const trail = JSON.parse(stored[':trail'] ?? '[]') as string[]
    if (new Set(trail).size !== trail.length) throw new Broken(`an entry is there twice: ${trail}`)
    for (const entry of this.#appended)
      if (!trail.includes(entry)) throw new Broken(`an acknowledged entry is lost: ${entry}`)
  }
}
