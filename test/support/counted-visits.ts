import type { RedisSettings } from '../../src/counter/config/redis-settings.js'
import { connectRedis, type RedisClient } from '../../src/counter/redis/connect.js'
import { type DurabilityOption, ExactRedisStore } from '../../src/store/index.js'
import { type AnySession, load, newSession } from '../store/requests.js'
import type { Connected } from './clients.js'
import { until } from './until.js'

/** What became of a load, when compared with what is stored. */
export interface Outcome {
  readonly attempted: number
  readonly acknowledged: number
  /** Visits that were rejected: their outcome is unknown. */
  readonly failed: number
  readonly lost: number
  readonly doubled: number
  /** Visits that saw the number of another: by those that were lost, too. */
  readonly repeated: number
  readonly destroyed: number
  readonly resurrected: number
  readonly longestMs: number
}

interface Book {
  attempted: number
  acknowledged: number
  readonly numbers: Set<unknown>
}

function ownConnect(deadlineMs: number): (redis: RedisSettings) => Connected {
  return (redis) => {
    const client = connectRedis(redis, { deadlineMs, offlineQueue: false }).on('error', () => {})
    return { client, end: () => client.disconnect() }
  }
}

/** Browsers that count visits in a few sessions at once through two replicas of the app, while others log out; with books. */
export class CountedVisits {
  readonly #stores: readonly ExactRedisStore[]
  readonly #clients: readonly Connected[]
  readonly #books = new Map<string, Book>()
  readonly #destroyed: string[] = []
  readonly #tag: string
  #running: Promise<unknown> = Promise.resolve()
  #over = false
  #longestMs = 0
  acknowledged = 0

  /**
   * @param tag what each id begins with: in braces it puts all into one slot of a Cluster.
   * @param connect how the replicas connect. Default: as our app does.
   */
  constructor(
    redis: RedisSettings,
    durability: DurabilityOption,
    deadlineMs = 15_000,
    tag = '',
    connect: (redis: RedisSettings) => Connected = ownConnect(deadlineMs),
  ) {
    this.#tag = tag
    this.#clients = [1, 2].map(() => connect(redis))
    this.#stores = this.#clients.map(({ client }) => {
      const common = { client, durability, deadlineMs }
      return new ExactRedisStore({
        ...common,
        counters: ['visits'],
        cappedLists: { trail: 20 },
        onGone: 'error',
      })
    })
  }

  start(): void {
    const lanes = this.#stores.flatMap((store, replica) => [
      ...['a', 'b', 'c', `own ${replica}`].map((name) => this.#visits(store, this.#tag + name)),
      this.#logouts(store, replica),
    ])
    this.#running = Promise.all(lanes)
    // Its errors are told by stop.
    this.#running.catch(() => {})
  }

  /** Waits until so many more were acknowledged. */
  async more(visits = 30): Promise<void> {
    const before = this.acknowledged
    await until(() => this.acknowledged >= before + visits, 30_000)
  }

  /** Waits until none is acknowledged any more: the next of each session fails. */
  async failures(): Promise<void> {
    const pending = () =>
      [...this.#books.values()].map(({ attempted, acknowledged }) => attempted - acknowledged)
    const before = pending()
    await until(() => pending().every((count, i) => count > (before[i] ?? 0) + 1), 30_000)
  }

  async end(): Promise<void> {
    this.#over = true
    await this.#running
    for (const { end } of this.#clients) end()
  }

  /** @returns the books, compared with what this Redis has stored. */
  async stop(primary: RedisClient): Promise<Outcome> {
    await this.end()
    const sum = { attempted: 0, acknowledged: 0, failed: 0, lost: 0, doubled: 0, repeated: 0, resurrected: 0 }
    for (const [sid, { attempted, acknowledged, numbers }] of this.#books) {
      const stored = Number(await primary.hget(`sess:${sid}`, ':visits'))
      sum.attempted += attempted
      sum.acknowledged += acknowledged
      sum.failed += attempted - acknowledged
      sum.lost += Math.max(0, acknowledged - stored)
      sum.doubled += Math.max(0, stored - attempted)
      sum.repeated += acknowledged - numbers.size
    }
    for (const sid of this.#destroyed) sum.resurrected += await primary.exists(`sess:${sid}`)
    return { ...sum, destroyed: this.#destroyed.length, longestMs: Math.round(this.#longestMs) }
  }

  async #visits(store: ExactRedisStore, sid: string): Promise<void> {
    const book = this.#books.get(sid) ?? { attempted: 0, acknowledged: 0, numbers: new Set() }
    this.#books.set(sid, book)
    await this.#create(store, sid)
    while (!this.#over) await this.#visit(store, sid, book)
  }

  async #visit(store: ExactRedisStore, sid: string, book: Book): Promise<void> {
    const began = performance.now()
    let attempted = false
    try {
      const session = await load(store, sid)
      session.visits += 1
      book.attempted += 1
      attempted = true
      await store.commit(session, book.attempted % 2 ? { idempotencyKey: `${book.attempted}` } : {})
      book.acknowledged += 1
      book.numbers.add(session.visits)
      this.acknowledged += 1
    } catch (error) {
      // Reading is no attempt to count; a session that was lost with its primary is made anew, as a browser's would be.
      if (!attempted || (error as { code?: string }).code === 'ERR_SESSION_GONE')
        await this.#create(store, sid)
    }
    this.#longestMs = Math.max(this.#longestMs, performance.now() - began)
  }

  /** A session's whole life: it begins, is visited, and is destroyed while more visits to it are under way. */
  async #logouts(store: ExactRedisStore, replica: number): Promise<void> {
    for (let i = 0; !this.#over; i += 1) {
      const sid = `${this.#tag}gone ${replica}-${i}`
      await this.#create(store, sid)
      const visit = async () => {
        const session = await load(store, sid)
        session.visits += 1
        await store.commit(session)
      }
      const visits = [visit(), visit(), visit()].map((visited) => visited.catch(() => {}))
      const destroyed = await store.destroy(sid).then(
        () => true,
        () => false,
      )
      await Promise.all(visits)
      if (destroyed) this.#destroyed.push(sid)
    }
  }

  async #create(store: ExactRedisStore, sid: string): Promise<void> {
    const session = Object.assign(newSession(store, sid), { visits: 0 }) as AnySession
    // Another may have been first, or Redis refuses: the next visit tells.
    await store.commit(session).catch(() => {})
  }
}
