import { randomBytes } from 'node:crypto'
import type { Request } from 'express'
import session from 'express-session'
import { type Rules, type SessionUpdate, updateOf } from './change.js'
import { Commits } from './commit-queue.js'
import { Durability } from './durability.js'
import { HeldSessions } from './held-session.js'
import { Hidden } from './object-slot.js'
import { Keys } from './keys.js'
import type { ExactRedisStoreEvent, ExactRedisStoreOptions, UpdateOptions } from './options.js'
import { dataOf, type Loaded } from './session-codec.js'
import { RedisCommands } from './retrying-client.js'
import { StoredSessions } from './session-repository.js'

type Callback<T> = (error?: unknown, result?: T) => void

/**
 * An express-session store that loses no update and brings no destroyed session back. Each commit carries only what the
 * request changed, and Redis merges it with what others changed.
 * @example
 * app.use(session({ store: new ExactRedisStore({ client: new Redis(), counters: ['visits'] }), … }))
 */
export class ExactRedisStore extends session.Store {
  readonly #disableTouch: boolean
  readonly #rules: Rules
  readonly #commands: RedisCommands
  readonly #durability: Durability
  readonly #stored: StoredSessions
  readonly #held: HeldSessions
  /** Between get and createSession, which are called in a row, by the data that passes between them. */
  readonly #loaded = new Hidden<Loaded>()

  /** @throws TypeError for options that make no sense. */
  constructor(options: ExactRedisStoreOptions) {
    super()
    const { client, prefix = 'sess:', ttl = 86_400, scanCount = 100, disableTouch = false } = options
    const { counters = [], logs = {}, onGone = 'ignore', deadlineMs = 5_000 } = options
    const rules = { counters: new Set(counters), logs: new Map(Object.entries(logs)) }
    const keys = new Keys(prefix, scanCount)
    this.#disableTouch = disableTouch
    this.#commands = new RedisCommands(client, deadlineMs, (error) => this.emit('retry', error))
    this.#durability = new Durability(options.durability ?? 'primary', client, deadlineMs)
    this.#rules = rules
    const commits = new Commits(randomBytes(9).toString('base64url'), this.#commands, this.#durability)
    this.#stored = new StoredSessions(keys, this.#commands, this.#durability, commits, rules, ttl)
    const emit = (event: ExactRedisStoreEvent, detail?: unknown) => this.emit(event, detail)
    this.#held = new HeldSessions({
      stored: this.#stored,
      commits,
      keys,
      rules,
      ttl,
      disableTouch,
      onGone,
      emit,
    })
  }

  /** Checks that the server can do what the options want. @throws Error where it can't. */
  async check(): Promise<void> {
    await this.#commands.run(() => this.#durability.check())
  }

  /** @returns the session's data, its life extended; null for none. */
  override get(
    sid: string,
    callback?: Callback<session.SessionData | null>,
  ): Promise<session.SessionData | null> {
    return settled(this.#load(sid), callback)
  }

  override createSession(req: Request, data: session.SessionData): session.Session & session.SessionData {
    const loaded = this.#loaded.get(data)
    const created = super.createSession(req, data)
    if (loaded) this.#held.add(created, loaded)
    return created
  }

  /**
   * Commits what a session changed since it was loaded; an object that this store did not load replaces what is there.
   * @throws SessionGoneError with the option `onGone: 'error'`; SessionExistsError for a new session whose id is taken.
   */
  override set(sid: string, data: session.SessionData, callback?: Callback<void>): Promise<void> | void {
    // After an explicit save express-session saves once more, for the counters that were merged in: nothing is left to do.
    // It is told so at once, for it writes its response in two parts otherwise.
    if (callback && this.#held.isStored(data)) return callback()
    return settled(this.#held.commit(sid, data, ''), callback)
  }

  /**
   * Commits a session as its `save()` does, under a key: a commit with a key that was committed to this session before
   * changes nothing, and gives the session the counters of the first one. Keys are kept for 10 minutes, and the last 128.
   */
  commit(data: session.Session & Partial<session.SessionData>, { idempotencyKey = '' } = {}): Promise<void> {
    return this.#held.commit(data.id, data as session.SessionData, idempotencyKey)
  }

  /**
   * Adds to a session's counters and appends to its logs in the one round trip that loads it; as exact as any commit.
   * @returns the session as this left it, its life extended; null for none. With an idempotency key that was committed to this
   *   session before, nothing is changed, and the counters are those of the first time.
   * @throws TypeError for what is not declared as a counter or log.
   */
  async update(
    sid: string,
    update: SessionUpdate,
    { idempotencyKey = '', keys }: UpdateOptions = {},
  ): Promise<session.SessionData | null> {
    const since = performance.now()
    const change = updateOf(update, this.#rules)
    const found = await this.#stored.update(sid, change, idempotencyKey, keys, since)
    if (!found) return null
    this.emit(found.again ? 'duplicate' : 'commit', performance.now() - since)
    return this.#dataOf(found.loaded)
  }

  /** Extends the session's life; no work where that was done a moment ago. */
  override touch(sid: string, data: session.SessionData, callback?: Callback<void>): Promise<void> | void {
    if (callback && (this.#disableTouch || this.#held.isExtended(data))) return callback()
    return settled(this.#held.touch(sid, data), callback)
  }

  /** Ends the session: no commit brings it back. */
  override destroy(sid: string, callback?: Callback<void>): Promise<void> {
    return settled(this.#stored.destroy(sid), callback)
  }

  /** Ends the request's session, bringing its counters and logs to their last state, and gives the request a new one. */
  override regenerate(req: Request, callback: Callback<void>): void {
    void settled(this.#held.retire(req.sessionID, req.session), (error) => {
      if (!error) this.generate(req)
      callback(error)
    })
  }

  /** Set by each express-session middleware that uses this store. */
  declare generate: (req: Request) => void

  /** @returns the ids of all sessions. */
  ids(callback?: Callback<string[]>): Promise<string[]> {
    return settled(this.#stored.ids(), callback)
  }

  /** @returns the data of all sessions, as stored, with their ids. */
  override all(callback?: Callback<session.SessionData[]>): Promise<session.SessionData[]> {
    return settled(this.#all(), callback)
  }

  /** @returns how many sessions there are. */
  override length(callback?: Callback<number>): Promise<number> {
    return settled(
      this.#stored.ids().then(({ length }) => length),
      callback,
    )
  }

  /** Ends all sessions. */
  override clear(callback?: Callback<void>): Promise<void> {
    return settled(
      this.#stored.each((sid) => this.#stored.destroy(sid)),
      callback,
    )
  }

  async #load(sid: string): Promise<session.SessionData | null> {
    const since = performance.now()
    const loaded = await this.#stored.load(sid, !this.#disableTouch, since)
    this.emit('load', performance.now() - since)
    return loaded ? this.#dataOf(loaded) : null
  }

  #dataOf(loaded: Loaded): session.SessionData {
    const data = dataOf(loaded)
    this.#loaded.set(data, loaded)
    return data
  }

  async #all(): Promise<session.SessionData[]> {
    const found: session.SessionData[] = []
    await this.#stored.each(async (sid) => {
      const loaded = await this.#stored.load(sid, false)
      if (loaded) found.push(Object.assign(dataOf({ ...loaded, ttlMs: undefined }), { id: sid }))
    })
    return found
  }
}

/** Node's two ways to hear of an end: by callback where there is one, else by the promise. */
function settled<T>(promise: Promise<T>, callback: Callback<T> | undefined): Promise<T> {
  if (callback) {
    promise.then(
      (result) => callback(null, result),
      (error: unknown) => callback(error),
    )
  }
  return promise
}
