// The session store that express-session is given.
import type { Request, RequestHandler } from 'express'
import { type Session, type SessionData, Store } from 'express-session'
import { type AnyUpdate, type Change, fieldsOf, NO_CHANGE, type Rules, updateOf } from './change.js'
import { checkOptions } from './checked-options.js'
import { storeClient } from './clients/detect.js'
import {
  ForeignRecordError,
  SessionExistsError,
  SessionGoneError,
  StoreError,
  StoreRefusedError,
} from './errors.js'
import type { ExactRedisStoreEvents } from './events.js'
import { expiryOf, type TtlOption, ttlOf } from './expiry.js'
import { HeldSession, type HeldSessionContext } from './held-session.js'
import { Keys } from './keys.js'
import { heldOfCopy, tag, untag } from './loaded-data.js'
import { ObjectSlot } from './object-slot.js'
import type {
  ConvertedSession,
  ExactRedisStoreOptions,
  SessionUpdate,
  UpdateOnLoad,
  UpdateOptions,
} from './options.js'
import { RecordCommits } from './record-commits.js'
import { RetryingClient } from './retrying-client.js'
import { dataOf, type LoadedSession } from './session-codec.js'
import type { NotInferred } from './session-keys.js'
import { SessionRepository } from './session-repository.js'
import { sharedQueue } from './shared-queue.js'
import { isTraced, traced } from './traces.js'
import {
  type AnyUpdateOnLoad,
  PendingUpdate,
  type Riding,
  updateOnLoad,
  withoutExtending,
} from './update-on-load.js'

type Callback<T> = (error?: unknown, result?: T) => void
type Operation = 'load' | 'commit' | 'touch' | 'destroy' | 'regenerate'

/**
 * An express-session store that loses no update and brings no destroyed session back. Each commit carries only what the
 * request changed, and Redis merges it with what others changed.
 * @example
 * app.use(session({ store: new ExactRedisStore({ client: new Redis(), counters: ['visits'] }), … }))
 * @typeParam Data what a session holds. Default: what the app has declared as express-session's SessionData. Only keys that hold a
 *   number can be counters, only those that hold an array capped lists.
 */
export class ExactRedisStore<Data = SessionData> extends Store {
  /** The client that the store was given. */
  readonly client: ExactRedisStoreOptions['client']
  /** What each key begins with. */
  readonly prefix: string
  /** Seconds until a session expires whose cookie says nothing else, or a function that gives them. */
  readonly ttl: TtlOption<SessionData & Data>
  private readonly disableTouch: boolean
  private readonly rules: Rules
  private readonly redis: RetryingClient
  private readonly sessions: SessionRepository
  private readonly records: RecordCommits
  private readonly context: HeldSessionContext
  /** Of the session objects that requests hold. */
  private readonly held = new ObjectSlot<HeldSession>()
  private readonly riding: Riding = { next: undefined }

  /** @throws TypeError for options that make no sense. */
  constructor(options: ExactRedisStoreOptions<NotInferred<Data>>) {
    super()
    const { prefix, ttl, scanCount, disableTouch, rules, onGone, deadlineMs, durability, ...rest } =
      checkOptions(options as unknown as ExactRedisStoreOptions<Record<string, unknown>>)
    const { encryption, format, parseRecord, stringifyRecord, prepareConnection } = rest
    const client = storeClient(options.client)
    this.client = options.client
    this.prefix = prefix
    this.ttl = ttl as TtlOption<SessionData & Data>
    this.disableTouch = disableTouch
    this.rules = rules
    const shared = sharedQueue(client, durability, deadlineMs, prepareConnection)
    this.redis = new RetryingClient(client, shared.durability, deadlineMs, (error) =>
      this.tell('retry', error),
    )
    const keys = new Keys(prefix, scanCount, client.keyPrefix)
    this.records = new RecordCommits(keys, shared.records, {
      rules,
      ttl,
      encryption,
      parseRecord,
      stringifyRecord,
    })
    const isPlain = format === 'connect-redis'
    this.sessions = new SessionRepository(keys, this.redis, isPlain ? this.records : shared.commits, {
      rules,
      ttl,
      encryption,
      isPlain,
      parseRecord,
      onUnextended: (reason) => this.tell('unextended', reason),
    })
    this.context = {
      sessions: this.sessions,
      disableTouch,
      onGone,
      isRefusal: (error) => error instanceof StoreRefusedError && error.message.includes('OOM'),
      tell: (event) => this.tell(event),
    }
  }

  /** Checks that the server can do what the options want. @throws DurabilityUnsupportedError if it can't. */
  async check(): Promise<void> {
    await this.redis.run(() => this.redis.durability.check(), this.redis.deadline())
  }

  /** @returns the session's data, the session extended; null for none. */
  override get(
    sid: string,
    callback?: Callback<(SessionData & Data) | null>,
  ): Promise<(SessionData & Data) | null> {
    const { next } = this.riding
    this.riding.next = undefined
    return asCallback(
      next instanceof PendingUpdate ? this.updateFor(sid, next) : this.loadData(sid, !next),
      callback,
    )
  }

  override createSession(req: Request, data: SessionData): Session & SessionData {
    const loaded = untag(data)
    const created = super.createSession(req, data)
    if (loaded) this.held.set(created, new HeldSession(this.context, loaded.sid, created, loaded))
    return created
  }

  /**
   * Commits what a session changed since it was loaded. Copies of what `get` gave count as loaded, too, if for…in made them; an
   * object that this store did not load, or not by this id, replaces what is there.
   * @throws SessionGoneError with the option `onGone: 'error'`.
   */
  override set(sid: string, data: SessionData, callback?: Callback<void>): Promise<void> | void {
    // After an explicit save express-session saves once more, for the counters that were merged in: nothing is left to do.
    // It is told so at once, for it writes its response in two parts otherwise.
    const held = this.heldBy(sid, data)
    const change = held?.unsaved()
    if (isCallback(callback) && change === NO_CHANGE && held?.isExtended()) return callback()
    const deadline = this.redis.deadline()
    return asCallback(
      this.measure(
        'commit',
        sid,
        () => held?.commit('', deadline, change) ?? this.createOrReplace(sid, data, deadline),
      ),
      callback,
    )
  }

  /**
   * Commits a session as its `save()` does, under a key: a commit with a key that was committed to this session before
   * changes nothing, and gives the session the counters of the first one. Keys are kept for 10 minutes, and the last 128.
   */
  commit(
    session: Session & Partial<SessionData>,
    { idempotencyKey = '' }: { readonly idempotencyKey?: string | undefined } = {},
  ): Promise<void> {
    const { id } = (session ?? {}) as Partial<Session>
    return this.measure('commit', id, () =>
      this.commitSession(session as Session & SessionData, idempotencyKey),
    )
  }

  /**
   * Adds to a session's counters and appends to its capped lists in the one round trip that loads it; as exact as any commit.
   * In a request of Express, where the id isn't known before the load, updateOnLoad does this.
   * @returns the session as this left it, extended; null for none. With an idempotency key that was committed to this session
   *   before, nothing is changed, and the counters are those of the first time.
   * @throws TypeError for what is not declared as a counter or capped list.
   */
  async update(
    sid: string,
    update: SessionUpdate<Data>,
    options: UpdateOptions = {},
  ): Promise<(SessionData & Data) | null> {
    const made = await this.makeUpdate(
      sid,
      updateOf(update as AnyUpdate, this.rules, ['add', 'append']),
      options,
    )
    return made?.data ?? null
  }

  /**
   * Wraps express-session's middleware, so that a request's update is made in the round trip that loads its session. When the
   * next handler is called, the update is committed, and `req.session` has it; a request without a session is given a new one.
   * `req.sessionUpdate` says which of it happened.
   * @param sessions what `session({ store, … })` of express-session returned.
   * @param updateOf called before the session is known; what it throws goes to the error handler.
   * @example
   * const sessions = session({ store, … })
   * app.get('/', store.updateOnLoad(sessions, () => ({ add: { visits: 1 } })), (req, res) => {
   *   res.json({ visits: req.session.visits })
   * })
   */
  updateOnLoad(sessions: RequestHandler, updateOf: (req: Request) => UpdateOnLoad<Data>): RequestHandler {
    const store = {
      riding: this.riding,
      rules: this.rules,
      commit: (session: Request['session'], options: UpdateOptions) => this.commit(session, options),
      isLoaded: (session: object) => this.held.get(session) !== undefined,
    }
    return updateOnLoad(store, sessions, updateOf as (req: Request) => AnyUpdateOnLoad)
  }

  /**
   * Wraps express-session's middleware for requests that don't count as a use of their session: they load it, and don't extend it.
   * @example
   * app.get('/poll', store.withoutExtending(sessions), (req, res) => res.json(req.session.messages))
   */
  withoutExtending(sessions: RequestHandler): RequestHandler {
    return withoutExtending(this.riding, sessions)
  }

  /** Extends the session; no work if that was done a moment ago. */
  override touch(sid: string, data: SessionData, callback?: Callback<void>): Promise<void> | void {
    if (isCallback(callback) && (this.disableTouch || this.heldBy(sid, data)?.isExtended())) return callback()
    return asCallback(this.touchNow(sid, data), callback)
  }

  /** Ends the session: no commit brings it back. */
  override destroy(sid: string, callback?: Callback<void>): Promise<void> {
    const destroyed = this.measure('destroy', sid, () => this.sessions.destroy(sid, this.redis.deadline()))
    return asCallback(destroyed, callback)
  }

  /**
   * Ends the request's session and gives the request a new, empty one. The old session object gets the latest values first, so that
   * they can be copied. If the session has already ended and `onGone` is `'error'`, the callback gets SessionGoneError, unless the
   * request only deleted or emptied keys; the request has a new session all the same.
   */
  override regenerate(req: Request, callback?: Callback<void>): void {
    const { sessionID: sid } = req
    const deadline = this.redis.deadline()
    const held = this.heldBy(sid, req.session as SessionData)
    // Nobody knows whether a session that others made is stored: its id must not stay valid.
    const retired = held
      ? this.measure('regenerate', sid, () => held.retire(deadline))
      : this.measure('destroy', sid, () => this.sessions.destroy(sid, deadline))
    void asCallback(retired, (error) => {
      if (!error || error instanceof SessionGoneError) this.generate(req)
      if (isCallback(callback)) callback(error)
    })
  }

  /** Set by each express-session middleware that uses this store. */
  declare generate: (req: Request) => void

  /**
   * Looks through all keys, so that many sessions needn't be in memory at once; each SCAN has its own deadline.
   * @returns the ids of all sessions.
   * @example
   * for await (const sid of store.eachId()) console.log(sid)
   */
  eachId(): AsyncIterableIterator<string> {
    return this.sessions.scan()
  }

  /**
   * Writes all sessions as connect-redis does, while it is iterated: for the way back to it. Each keeps its content and its end, is
   * plain text then, and may be in use: what others commit at the same time is in it. Sessions that this store creates or changes
   * afterwards are in its own form again, unless the option `format` is `connect-redis`. Stop whenever you want, and start again:
   * those that are written already are left alone.
   * @returns what became of each session, in no order; of one that `failed`, why. Their ids are secrets.
   * @throws StoreError if Redis doesn't answer in time.
   * @example
   * for await (const { outcome } of store.toConnectRedis()) console.log(outcome)
   */
  async *toConnectRedis(): AsyncGenerator<ConvertedSession, undefined> {
    const convert = async (id: string): Promise<ConvertedSession> => {
      try {
        return { id, outcome: await this.records.convert(id, this.redis) }
      } catch (error) {
        if (error instanceof StoreError) throw error
        return { id, outcome: 'failed', error }
      }
    }
    for await (const ids of this.sessions.batches()) yield* await Promise.all(ids.map(convert))
  }

  /** @returns the ids of all sessions. */
  ids(callback?: Callback<string[]>): Promise<string[]> {
    return asCallback(this.sessions.ids(), callback)
  }

  /** @returns the data of all sessions, as stored, with their ids. */
  override all(callback?: Callback<(SessionData & Data)[]>): Promise<(SessionData & Data)[]> {
    return asCallback(this.loadAll(), callback)
  }

  /** @returns how many sessions there are. */
  override length(callback?: Callback<number>): Promise<number> {
    return asCallback(
      this.sessions.ids().then((ids) => ids.length),
      callback,
    )
  }

  /** Ends all sessions; what others have under the prefix stays. */
  override clear(callback?: Callback<void>): Promise<void> {
    return asCallback(this.sessions.clear(), callback)
  }

  override on<E extends keyof ExactRedisStoreEvents>(
    event: E,
    listener: (...args: ExactRedisStoreEvents[E]) => void,
  ): this {
    return super.on(event, listener)
  }

  override once<E extends keyof ExactRedisStoreEvents>(
    event: E,
    listener: (...args: ExactRedisStoreEvents[E]) => void,
  ): this {
    return super.once(event, listener)
  }

  override off<E extends keyof ExactRedisStoreEvents>(
    event: E,
    listener: (...args: ExactRedisStoreEvents[E]) => void,
  ): this {
    return super.off(event, listener)
  }

  private loadData(sid: string, counts: boolean): Promise<(SessionData & Data) | null> {
    if (!isId(sid)) return Promise.resolve(null)
    return this.measure('load', sid, () =>
      this.sessions.load(sid, counts && !this.disableTouch, this.redis.deadline()),
    ).then((loaded) => (loaded ? this.dataOf(counts ? loaded : { ...loaded, counts }) : null))
  }

  private async updateFor(sid: string, pending: PendingUpdate): Promise<(SessionData & Data) | null> {
    const made = await this.makeUpdate(sid, pending.change, pending.update)
    if (!made) return null
    pending.outcome = made.repeated ? 'repeated' : 'updated'
    return made.data
  }

  private async makeUpdate(sid: string, change: Change, { idempotencyKey = '', keys }: UpdateOptions) {
    const found = await this.measure('commit', sid, () =>
      this.sessions.update(sid, { change, idempotencyKey, keys }, this.redis.deadline()),
    )
    if (!found) return undefined
    if (found.repeated) this.tell('duplicate')
    return { data: this.dataOf(found.loaded), repeated: found.repeated }
  }

  /** @returns the session that this object is, as it was loaded by this id; undefined for any other object. */
  private heldBy(sid: string, data: SessionData): HeldSession | undefined {
    const known = this.held.get(data)
    if (known) return known.sid === sid ? known : undefined
    if (typeof data !== 'object' || data === null) return undefined
    const isOne = isSession(data)
    const found = heldOfCopy(this.context, sid, data, isOne)
    if (found && isOne) this.held.set(data, found)
    return found
  }

  private async commitSession(session: Session & SessionData, idempotencyKey: string): Promise<void> {
    const { id } = session
    let held = this.heldBy(id, session)
    if (!held) {
      held = new HeldSession(this.context, id, session)
      this.held.set(session, held)
    }
    await held.commit(idempotencyKey, this.redis.deadline())
  }

  private async createOrReplace(sid: string, data: SessionData, deadline: number): Promise<void> {
    if (typeof data !== 'object' || data === null) throw new TypeError('set: expected a session')
    if (!isSession(data) || data.id !== sid) {
      await this.replace(sid, data, deadline)
      return
    }
    try {
      await this.commitSession(data, '')
    } catch (error) {
      if (!(error instanceof SessionExistsError)) throw error
      // It was loaded by other means, so that nobody knows what it changed.
      const loaded = await this.replace(sid, data, deadline)
      if (loaded) this.held.set(data, new HeldSession(this.context, sid, data, loaded))
      this.tell('replaced')
    }
  }

  /** @returns the session as if it had been loaded then; undefined if it had ended by its own cookie. */
  private async replace(
    sid: string,
    data: SessionData,
    deadline: number,
  ): Promise<LoadedSession | undefined> {
    const ttlMs = ttlOf(data, this.sessions.ttl)
    if (ttlMs === undefined) {
      await this.sessions.destroy(sid, deadline)
      return undefined
    }
    const [base, expiry] = [fieldsOf(data, this.rules), expiryOf(data, this.sessions.ttl)]
    await this.sessions.replace(sid, base, ttlMs, expiry, deadline)
    const extendedAt = performance.now()
    return { sid, base, expiry, ttlMs, extendedAt, legacy: undefined, unextended: undefined, counts: true }
  }

  private async touchNow(sid: string, data: SessionData): Promise<void> {
    if (this.disableTouch) return
    const deadline = this.redis.deadline()
    const held = this.heldBy(sid, data)
    if (held) return this.measure('touch', sid, () => held.touch(deadline))
    // Of no data there is nothing to go by but what is stored.
    const ttlMs = ttlOf(data ?? {}, this.sessions.ttl)
    await this.measure('touch', sid, () =>
      ttlMs === undefined
        ? this.sessions.destroy(sid, deadline)
        : this.sessions.extend(sid, ttlMs, !data, deadline),
    )
  }

  private dataOf(loaded: LoadedSession): SessionData & Data {
    const data = dataOf(loaded.base, loaded.ttlMs) as SessionData & Data
    // What is shown of a cookie that ends at a fixed time is what a request's is compared with.
    if (loaded.expiry?.kind !== 'sliding' && data.cookie)
      loaded.base.set('cookie', JSON.stringify(data.cookie))
    tag(data, loaded)
    return data
  }

  private async loadAll(): Promise<(SessionData & Data)[]> {
    const found: (SessionData & Data)[] = []
    const load = async (sid: string) => {
      const loaded = await this.sessions.load(sid, false, this.redis.deadline()).catch(unlessForeign)
      if (loaded) found.push(Object.assign(dataOf(loaded.base) as SessionData & Data, { id: sid }))
    }
    for await (const ids of this.sessions.batches()) await Promise.all(ids.map(load))
    return found
  }

  /** Emits how long an operation took, and how it ended, and traces it. */
  private measure<T>(operation: Operation, sid: string | undefined, work: () => Promise<T>): Promise<T> {
    if (!isId(sid)) {
      const found = sid === '' ? 'an empty text' : String(typeof sid)
      return Promise.reject(new TypeError(`${operation}: expected the id of a session, found ${found}`))
    }
    if (!isTraced(operation)) return this.timed(operation, work)
    const { client, durability } = this.redis
    let call: { command: string; script?: string } = { command: 'EVALSHA', script: operation }
    if (operation === 'load' && this.sessions.isLoadedPlainly(sid)) call = { command: 'HGETALL' }
    if (operation === 'destroy' && !durability.waits) call = { command: 'DEL' }
    const location = client.locationOf(this.prefix + sid)
    return traced(operation, { ...call, location }, () => this.timed(operation, work))
  }

  /** Emits an event. What a listener throws is a warning of the process: it undoes nothing, and must not look as if it did. */
  private tell<E extends keyof ExactRedisStoreEvents>(event: E, ...args: ExactRedisStoreEvents[E]): void {
    try {
      this.emit(event, ...args)
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }

  private timed<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    const began = performance.now()
    return work().then(
      (result) => {
        this.tell(operation, performance.now() - began, 'ok')
        return result
      },
      (error: unknown) => {
        const outcome = error instanceof SessionGoneError ? 'gone' : 'error'
        this.tell(operation, performance.now() - began, outcome)
        throw error
      },
    )
  }
}

/** Without one all would share `sess:undefined`. */
function isId(sid: unknown): sid is string {
  return typeof sid === 'string' && sid !== ''
}

/** What others have under the prefix is none of the sessions. */
function unlessForeign(error: unknown): undefined {
  if (!(error instanceof ForeignRecordError)) throw error
}

/** By what it can do: if an app has its own express-session besides ours, its sessions are of another class. */
function isSession(data: SessionData): data is Session & SessionData {
  return typeof (data as Partial<Session>).save === 'function'
}

/**
 * Node's two ways to hear of an end: by callback if there is one, else by the promise. Who wants neither (`req.session.destroy()`
 * gives nothing to wait for) doesn't want the process to end: then only the store's events tell of a failure.
 */
function asCallback<T>(promise: Promise<T>, callback: Callback<T> | undefined): Promise<T> {
  if (isCallback(callback)) {
    promise.then(
      (result) => callback(null, result),
      (error: unknown) => callback(error),
    )
  } else promise.catch(() => {})
  return promise
}

/** Others hand on more than a callback: koa-session its options. */
function isCallback<T>(callback: Callback<T> | undefined): callback is Callback<T> {
  return typeof callback === 'function'
}
