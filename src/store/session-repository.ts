// Operations on a session by its id, independent of any request's changes.
import { Change, type Fields, fieldsOf, type Rules } from './change.js'
import type { Commit, CommitOutcome } from './commit.js'
import type { CommitQueue } from './commit-queue.js'
import type { Encryption } from './encryption.js'
import { ForeignRecordError, StoreError } from './errors.js'
import { type Expiry, expiryOf, type TtlOption, ttlOf } from './expiry.js'
import type { Keys } from './keys.js'
import { RecentExtensions } from './recent-extensions.js'
import type { RetryingClient } from './retrying-client.js'
import { DESTROY, KIND, LOAD, RETIRE, TOUCH } from './scripts.generated.js'
import {
  dataOf,
  fieldsOfReply,
  type LoadedSession,
  loadedOf,
  loadedOfFields,
  parseRecord,
  partsOf,
} from './session-codec.js'

/** A change that is made without a look at the session, and what is wanted of the session then. */
export interface BlindUpdate {
  readonly change: Change
  readonly idempotencyKey: string
  /** The keys that are wanted; undefined for all. */
  readonly keys: readonly string[] | undefined
}

/** Sends a commit to a session; what CommitQueue does. */
type Commits = Pick<CommitQueue, 'send'>

interface RepositoryOptions {
  readonly rules: Rules
  readonly ttl: TtlOption
  readonly encryption: Encryption | undefined
  /** Whether to write plain values all the same. */
  readonly isPlain: boolean
  readonly parseRecord: (text: string) => unknown
  /** Called if Redis refuses to extend a session, which it can read all the same. */
  readonly onUnextended: (reason: string) => void
}

/** The sessions in Redis. Each deadline is by performance.now(). */
export class SessionRepository {
  readonly rules: Rules
  readonly ttl: TtlOption
  readonly #keys: Keys
  readonly #redis: RetryingClient
  readonly #commits: Commits
  readonly #options: RepositoryOptions
  readonly #extensions = new RecentExtensions()
  /** By key: the commits in flight that make a session. (No Map: see CommitQueue.) */
  readonly #creations: Record<string, Promise<unknown> | undefined> = Object.create(null)

  constructor(keys: Keys, redis: RetryingClient, commits: Commits, options: RepositoryOptions) {
    this.#options = options
    this.#keys = keys
    this.#redis = redis
    this.#commits = commits
    this.rules = options.rules
    this.ttl = options.ttl
  }

  /** @param extend whether this is a use of the session, which extends it. @returns the session; undefined for none. */
  async load(sid: string, extend: boolean, deadline: number): Promise<LoadedSession | undefined> {
    const key = this.#keys.of(sid)
    const { client } = this.#redis
    const { connections } = client
    const recent = this.#extensions.of(sid, connections)
    if (recent) {
      let fields: readonly string[] | undefined
      try {
        // A plain command takes Redis an eighth of what the script takes.
        fields = (await this.#redis.run(() => client.call('HGETALL', key), deadline)) as readonly string[]
      } catch (error) {
        unlessWrongType(error)
      }
      if (fields?.length === 0) return undefined
      // Another may have changed how it expires: only the script can say.
      if (fields && isExtendedBy(fields, recent.ms)) {
        const ttlMs = recent.ms - (performance.now() - recent.at)
        const loaded = loadedOfFields(sid, fields, 0, ttlMs, recent.ms, recent.at)
        this.#opened(sid, loaded.base)
        return loaded
      }
    }
    const reply = await this.#redis.read(LOAD, [key], [extend ? '1' : '0'], deadline).catch(refuseForeign)
    const at = extend ? performance.now() : Number.NEGATIVE_INFINITY
    const loaded = this.#loaded(sid, partsOf(reply), at)
    if (extend && loaded?.expiry?.kind === 'sliding' && loaded.unextended === undefined)
      this.#extensions.add(sid, { ms: loaded.expiry.ms, at, connections })
    return loaded
  }

  /** Whether the next load of a session is to be a plain command. */
  isLoadedPlainly(sid: string): boolean {
    return this.#extensions.of(sid, this.#redis.client.connections) !== undefined
  }

  /** @throws what CommitQueue.send throws. */
  commit(sid: string, commit: Commit, deadline: number): Promise<CommitOutcome> {
    const key = this.#keys.of(sid)
    const outcome = this.#commits.send(key, this.#sealed(sid, commit), deadline, this.#redis)
    return commit.mode === 'update' ? outcome : this.#creation(key, outcome)
  }

  /** Lets a destroy wait for it: sent again, it would make a session anew that was destroyed in between. */
  async #creation(key: string, outcome: Promise<CommitOutcome>): Promise<CommitOutcome> {
    this.#creations[key] = outcome
    try {
      return await outcome
    } finally {
      if (this.#creations[key] === outcome) delete this.#creations[key]
    }
  }

  /** Writes a session, whatever is there. */
  async replace(sid: string, fields: Fields, ttlMs: number, expiry: Expiry, deadline: number): Promise<void> {
    const change = new Change(fields)
    const { cappedLists } = this.rules
    const commit = { idempotencyKey: '', change, reads: [], legacy: undefined, ttlMs, expiry, cappedLists }
    await this.commit(sid, { mode: 'replace', ...commit }, deadline)
  }

  /**
   * Makes a change in the one round trip that loads the session.
   * @returns the session with the counters as this commit left them (if `repeated`, as the first one with this idempotency key
   *   left them); undefined for none.
   */
  async update(
    sid: string,
    { change, idempotencyKey, keys }: BlindUpdate,
    deadline: number,
  ): Promise<{ readonly loaded: LoadedSession; readonly repeated: boolean } | undefined> {
    // The counters that it adds to come with the commit; under an idempotency key it may be another's that comes.
    const fields = keys
      ?.filter((key) => idempotencyKey !== '' || !change.added.has(key))
      .map((key) => `:${key}`)
    let commit: Commit = {
      mode: 'update',
      idempotencyKey,
      change,
      reads: [],
      legacy: undefined,
      ttlMs: undefined,
      expiry: undefined,
      cappedLists: this.rules.cappedLists,
      loads: fields ? [':cookie', ...fields] : 'all',
    }
    for (;;) {
      const [outcome, counters, found] = await this.commit(sid, commit, deadline)
      if (outcome === 'gone') return undefined
      const loaded = found
        ? this.#loaded(sid, found, performance.now())
        : await this.load(sid, true, deadline)
      if (!loaded) return undefined
      if (counters) {
        if (keys) leaveOut(loaded.base, keys)
        for (const name of Object.keys(counters)) loaded.base.set(name, String(counters[name]))
        return { loaded, repeated: outcome === 'dup' }
      }
      // A record of connect-redis, which expires by its cookie or by the options.
      const data = dataOf(loaded.base, loaded.ttlMs)
      const ttlMs = ttlOf(data, this.ttl)
      if (ttlMs === undefined) return undefined
      commit = { ...commit, legacy: loaded.legacy, ttlMs, expiry: expiryOf(data, this.ttl) }
    }
  }

  /** Extends a session: to ttlMs from now, or by its own measure if that goes before. */
  async extend(sid: string, ttlMs: number, ownFirst: boolean, deadline: number): Promise<void> {
    const args = [ttlMs, ownFirst ? 1 : 0]
    this.#extensions.forget(sid)
    const refused = await this.#redis.read(TOUCH, [this.#keys.of(sid)], args, deadline)
    if (typeof refused === 'string') this.#options.onUnextended(refused)
  }

  /** Ends a session, for good. */
  async destroy(sid: string, deadline: number): Promise<void> {
    const key = this.#keys.of(sid)
    const { client, durability } = this.#redis
    await this.#creations[key]?.catch(() => {})
    if (durability.waits) await this.#redis.write(DESTROY, [key], [], deadline)
    else await this.#redis.run(() => client.call('DEL', key), deadline)
  }

  /** Ends a session whose content moves to another id. @returns its last content; empty if it had ended already. */
  async retire(sid: string, deadline: number): Promise<Fields> {
    const keptMs = this.#redis.deadlineMs * 2
    const keys = [this.#keys.of(sid), this.#keys.retired(sid)] as const
    const reply = await this.#redis.write(RETIRE, [...keys], [keptMs], deadline)
    if (typeof reply === 'string') return fieldsOf(parseRecord(reply, this.#options.parseRecord), this.rules)
    return this.#opened(sid, fieldsOfReply(reply as string[]))
  }

  /** @returns the commit, with what it writes encrypted if that is wanted. */
  #sealed(sid: string, commit: Commit): Commit {
    const { encryption, rules, isPlain } = this.#options
    if (!encryption || isPlain) return commit
    const seal = (fields: Fields) =>
      new Map(
        [...fields].map(([name, text]) => {
          const isMerged = rules.counters.has(name) || rules.cappedLists.has(name)
          return [name, isMerged ? text : encryption.seal(sid, name, text)]
        }),
      )
    const { legacy, change } = commit
    return {
      ...commit,
      legacy: legacy && { ...legacy, fields: seal(legacy.fields) },
      change: { ...change, set: seal(change.set) },
    }
  }

  #opened(sid: string, fields: Map<string, string>): Map<string, string> {
    const { encryption, rules } = this.#options
    if (!encryption) return fields
    for (const [name, text] of fields) {
      const opened = encryption.open(sid, name, text)
      // Encrypted before it was declared: Redis can't append to it, so it is set as a whole. The space says so (see isJoined).
      const isWhole = opened !== text && rules.cappedLists.has(name)
      fields.set(name, isWhole ? `${opened} ` : opened)
    }
    return fields
  }

  /** @param at when the session was extended, by performance.now(). */
  #loaded(sid: string, parts: readonly string[], at: number): LoadedSession | undefined {
    const loaded = loadedOf(sid, parts, at, this.rules, this.#options.parseRecord)
    if (loaded) this.#opened(sid, loaded.base)
    if (loaded?.unextended !== undefined) this.#options.onUnextended(loaded.unextended)
    return loaded
  }

  /** @returns the ids of all sessions, while it looks for them. */
  async *scan(): AsyncGenerator<string, undefined> {
    for await (const ids of this.#pages()) {
      const areSessions = await Promise.all(ids.map((sid) => this.#isSession(sid)))
      yield* ids.filter((_, i) => areSessions[i])
    }
  }

  /** @returns the ids of all sessions. */
  async ids(): Promise<string[]> {
    const ids: string[] = []
    for await (const id of this.scan()) ids.push(id)
    return ids
  }

  /** @returns the ids by the names of all keys, those of other things among them, some at a time. */
  async *batches(): AsyncGenerator<string[], undefined> {
    let some: string[] = []
    for await (const ids of this.#pages()) {
      some.push(...ids)
      if (some.length < this.#keys.scanCount) continue
      yield some
      some = []
    }
    yield some
  }

  /** Ends all sessions. */
  async clear(): Promise<void> {
    const end = async (sid: string) => {
      if (await this.#isSession(sid)) await this.destroy(sid, this.#redis.deadline())
    }
    for await (const ids of this.batches()) await Promise.all(ids.map(end))
  }

  /** @returns the ids by the names of all keys, as each SCAN finds them, once each. */
  async *#pages(): AsyncGenerator<string[], undefined> {
    const { client } = this.#redis
    await this.#redis.run(() => client.connected(), this.#redis.deadline())
    const seen = new Set<string>()
    for (const primary of client.primaries()) {
      let cursor = '0'
      do {
        const scan = () => this.#keys.scan(primary, client.keyPrefix, cursor)
        const { next, ids } = await this.#redis.run(scan, this.#redis.deadline())
        const found = ids.filter((id) => !seen.has(id))
        for (const id of found) seen.add(id)
        yield [...new Set(found)]
        cursor = next
      } while (cursor !== '0')
    }
  }

  /** Whether a key holds a session, and nothing that others have under the prefix. */
  async #isSession(sid: string): Promise<boolean> {
    const found = await this.#redis.read(KIND, [this.#keys.of(sid)], [], this.#redis.deadline())
    if (!Array.isArray(found)) return Boolean(found)
    try {
      return Boolean(parseRecord(String(found[0]), this.#options.parseRecord))
    } catch (error) {
      if (error instanceof ForeignRecordError) return false
      throw error
    }
  }
}

/** Whether a session's own measure of its life is still this, in ms. */
function isExtendedBy(fields: readonly string[], ms: number): boolean {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === '@ttl') return Number(fields[i + 1]) === ms
  return false
}

function isWrongType(error: unknown): boolean {
  return error instanceof StoreError && error.message.includes('WRONGTYPE')
}

function unlessWrongType(error: unknown): undefined {
  if (!isWrongType(error)) throw error
}

function refuseForeign(error: unknown): never {
  throw isWrongType(error) ? new ForeignRecordError(error) : error
}

/** Takes out what was not wanted: of a batch, or of a session without a cookie, there is more. */
function leaveOut(base: Map<string, string>, keys: readonly string[]): void {
  for (const key of base.keys()) if (key !== 'cookie' && !keys.includes(key)) base.delete(key)
}
