import type { Change, Fields, Rules } from './change.js'
import { fieldsOf } from './change.js'
import type { Commit, Commits } from './commit-queue.js'
import type { Durability } from './durability.js'
import type { Keys } from './keys.js'
import { slideOf, type TtlOption, ttlOf } from './expiry.js'
import { dataOf, fieldsOfReply, type Loaded, loadedOf, partsOf } from './session-codec.js'
import type { RedisCommands } from './retrying-client.js'
import { DESTROY, LOAD, RETIRE } from './scripts.js'

/** The sessions in Redis, by their ids: what is done to one whatever a request changed in it. */
export class StoredSessions {
  readonly #keys: Keys
  readonly #commands: RedisCommands
  readonly #durability: Durability
  readonly #commits: Commits
  readonly #rules: Rules
  readonly #ttl: TtlOption

  constructor(
    keys: Keys,
    commands: RedisCommands,
    durability: Durability,
    commits: Commits,
    rules: Rules,
    ttl: TtlOption,
  ) {
    this.#keys = keys
    this.#commands = commands
    this.#durability = durability
    this.#commits = commits
    this.#rules = rules
    this.#ttl = ttl
  }

  /**
   * @param extend whether this counts as a use of the session, which extends its life.
   * @param since when the caller began to wait, by performance.now()
   * @returns the session; undefined for none.
   */
  async load(sid: string, extend: boolean, since?: number): Promise<Loaded | undefined> {
    const key = this.#keys.of(sid)
    const reply = await this.#commands.run(
      (client) => this.#commands.script(client, LOAD, [key], [extend ? '1' : '0']),
      since,
    )
    return loadedOf(partsOf(reply), extend, this.#rules)
  }

  /**
   * Commits a change to a session that nobody looked at before: in the one round trip that loads it.
   * @returns the session with the counters as this commit left them (or the first one with this idempotency key, then it is
   *   applied `again`); undefined for none.
   */
  async update(
    sid: string,
    change: Change,
    idempotencyKey: string,
    keys: readonly string[] | undefined,
    since: number,
  ): Promise<{ readonly loaded: Loaded; readonly again: boolean } | undefined> {
    // The counters that it adds to come with the commit; under an idempotency key it may be another's that comes.
    const fields = keys
      ?.filter((key) => idempotencyKey !== '' || !change.added.has(key))
      .map((key) => `:${key}`)
    let commit: Commit = {
      mode: 'update',
      idempotencyKey,
      change,
      reads: [],
      logs: this.#rules.logs,
      loads: fields ? [':cookie', ...fields] : 'all',
      // As the session has it.
      legacy: undefined,
      ttlMs: 0,
      slideMs: undefined,
    }
    for (;;) {
      const [outcome, counters, found] = await this.#commits.commit(this.#keys.of(sid), commit, since)
      if (outcome === 'gone') return undefined
      const loaded = found ? loadedOf(found, true, this.#rules) : await this.load(sid, true, since)
      if (!loaded) return undefined
      if (counters) {
        if (keys) leaveOut(loaded.base, keys)
        for (const name of Object.keys(counters)) loaded.base.set(name, String(counters[name]))
        return { loaded, again: outcome === 'dup' }
      }
      // A record of connect-redis, which has its life from its cookie or from the options.
      const data = dataOf(loaded)
      const ttlMs = ttlOf(data, this.#ttl)
      if (ttlMs === undefined) return undefined
      commit = { ...commit, legacy: loaded.legacy, ttlMs, slideMs: slideOf(data, this.#ttl) }
    }
  }

  /** Extends a session's life: ttlMs from now. */
  async extend(sid: string, ttlMs: number): Promise<void> {
    await this.#commands.run((client) => client.pexpire(this.#keys.of(sid), ttlMs))
  }

  /** Ends a session, for good. */
  async destroy(sid: string): Promise<void> {
    const key = this.#keys.of(sid)
    await this.#commands.run(async (client) => {
      if (!this.#durability.waits) await client.del(key)
      else
        await this.#durability.write(client, key, (writer) =>
          this.#commands.script(writer, DESTROY, [key], []),
        )
    })
  }

  /** Ends a session whose content moves to another id. @returns its last content; empty where it had ended already. */
  async retire(sid: string): Promise<Fields> {
    const key = this.#keys.of(sid)
    const keys = [key, this.#keys.retired(sid)]
    const kept = this.#commands.deadlineMs * 2
    const reply = await this.#commands.run((client) =>
      this.#durability.write(client, key, (writer) => this.#commands.script(writer, RETIRE, keys, [kept])),
    )
    return typeof reply === 'string'
      ? fieldsOf(JSON.parse(reply) as object, this.#rules)
      : fieldsOfReply(reply as string[])
  }

  /** @returns the ids of all sessions. */
  ids(): Promise<string[]> {
    return this.#commands.run((client) => this.#keys.scan(client))
  }

  /** Does the work for the ids of all sessions, some at a time. */
  async each(work: (sid: string) => Promise<void>): Promise<void> {
    const ids = await this.ids()
    const size = this.#keys.scanCount
    for (let at = 0; at < ids.length; at += size) await Promise.all(ids.slice(at, at + size).map(work))
  }
}

/** Takes out what was not wanted: of a batch, or of a session without a cookie, there is more. */
function leaveOut(base: Map<string, string>, keys: readonly string[]): void {
  for (const key of base.keys()) if (key !== 'cookie' && !keys.includes(key)) base.delete(key)
}
