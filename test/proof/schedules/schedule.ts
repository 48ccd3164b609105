import fc from 'fast-check'
import type { Redis } from 'ioredis'
import type { ExactRedisStore, ExactRedisStoreOptions } from '../../../src/store/index.js'
import { judge, type Operation } from '../histories/linearizable.js'
import {
  SESSION_MODEL,
  type SessionInput,
  type SessionOutput,
  type SessionState,
} from '../histories/session-model.js'
import { anyRequest, type HeldSession, type Log, type PlannedRequest, play } from './requests.js'
import { ScheduledClient } from './scheduled-client.js'
import { VirtualTime } from './virtual-time.js'

/** Requests to one session through two stores, and what decides who goes next. */
export interface Schedule {
  readonly requests: readonly PlannedRequest[]
  /** Each chooses among what may happen next; when they are used up, all goes on without faults. */
  readonly choices: readonly number[]
  /** Whether the clients send again what a lost connection left unanswered, before the store hears of it. */
  readonly resends: boolean
  /** Whether the session begins as a record of connect-redis. */
  readonly legacy: boolean
}

export const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  requests: fc.array(anyRequest, { minLength: 1, maxLength: 7 }),
  choices: fc.array(fc.nat(999), { maxLength: 80, size: 'max' }),
  resends: fc.boolean(),
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
  { requests, choices, resends, legacy }: Schedule,
  trace: string[] = [],
): Promise<void> {
  await begin(redis, legacy)
  const time = new VirtualTime()
  const clients = [1, 2].map(() => new ScheduledClient((command) => callRedis(redis, command), resends))
  const books = new Books(trace)
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
      const events = possible(clients, time, waiting.length > 0 ? start : undefined, trace)
      // What must not come too often is at the end of the scale.
      if (choice >= 970) await disturb(redis, clients, books, trace, choice)
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
        else if (busy?.canTake) await busy.take()
        else if (busy) await busy.takeLate()
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
  const pipeline = redis.pipeline().flushall()
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

/** What may happen next, the usual things several times, so that faults don't crowd them out. */
function possible(
  clients: readonly ScheduledClient[],
  time: VirtualTime,
  start: (() => void) | undefined,
  trace: string[],
): (() => void | Promise<void>)[] {
  const usual: (() => void | Promise<void>)[] = []
  const faults: (() => void | Promise<void>)[] = []
  if (start) usual.push(start)
  clients.forEach((client, i) => {
    const cut = (reaching: number) => () => {
      trace.push(
        `client ${i} loses its connection; of what it had sent, at most ${reaching} commands arrive later`,
      )
      client.cut(reaching)
    }
    if (client.canTake) {
      usual.push(async () => void trace.push(`client ${i}: ${await client.take()}`))
      faults.push(cut(0), cut(2))
    }
    if (client.canReply) {
      usual.push(() => {
        trace.push(`client ${i} gets a reply`)
        client.reply()
      })
      faults.push(cut(0), cut(0))
    }
    if (client.canTakeLate)
      usual.push(async () => void trace.push(`client ${i}, late: ${await client.takeLate()}`))
  })
  if (time.isWaiting) {
    usual.push(() => {
      trace.push('time goes on to the next timer')
      time.advance()
    })
  }
  return [...usual, ...usual, ...usual, ...faults]
}

async function disturb(
  redis: Redis,
  clients: readonly ScheduledClient[],
  books: Books,
  trace: string[],
  choice: number,
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
  readonly #operations: Operation<SessionInput, SessionOutput>[] = []
  readonly #written = new Map<string, string>()
  readonly #appended: string[] = []
  #removed = false

  constructor(trace: string[]) {
    this.#trace = trace
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

  /** @throws Broken */
  async check(redis: Redis): Promise<void> {
    const stored = await redis.hgetall(KEY).catch(() => undefined)
    // A record of connect-redis that nothing was committed to.
    if (!stored) return
    const lives = stored[':visits'] !== undefined
    const last = this.begin({ kind: 'read' })
    last(lives ? Number(stored[':visits']) : 'absent')
    this.#operations.push(
      ...this.#operations
        .splice(-1)
        .map((operation) => ({ ...operation, called: this.clock + 1, returned: this.clock + 2 })),
    )
    const judgement = judge(SESSION_MODEL, START, this.#operations)
    if (judgement !== 'linearizable')
      throw new Broken(`the answers are no history of a session (${judgement})`)
    if (!lives) {
      if (Object.keys(stored).length > 0) throw new Broken('something is left of a session that has ended')
      return
    }
    if ((await redis.pttl(KEY)) <= 0) throw new Broken('the session has no end')
    for (const [key, text] of this.#written)
      if (stored[`:${key}`] !== text) throw new Broken(`an acknowledged key is lost: ${key}`)
    if (this.#removed && stored[':victim'] !== undefined) throw new Broken('a deleted key is back')
    const odd = stored[':odd'] ?? ''
    if (odd !== ODD && odd !== JSON.stringify(JSON.parse(ODD)))
      throw new Broken(`an untouched key has changed: ${odd}`)
    const trail = JSON.parse(stored[':trail'] ?? '[]') as string[]
    if (new Set(trail).size !== trail.length) throw new Broken(`an entry is there twice: ${trail}`)
    for (const entry of this.#appended)
      if (!trail.includes(entry)) throw new Broken(`an acknowledged entry is lost: ${entry}`)
  }
}
