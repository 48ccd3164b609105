import { randomBytes } from 'node:crypto'
import type { Request } from 'express'
import session from 'express-session'
import { applied, type Change, changeOf, type Fields, fieldsOf, type Rules } from './change.js'
import { Commits } from './commits.js'
import { Durability, type DurabilityOption } from './durability.js'
import { SessionExistsError, SessionGoneError } from './errors.js'
import { Keys } from './keys.js'
import { slideOf, type TtlOption, ttlOf } from './lifetime.js'
import { dataOf, fieldsOfReply, type Loaded, loadedOf } from './record.js'
import { type Client, RedisCommands } from './redis-commands.js'
import { DESTROY, LOAD, RETIRE } from './scripts.js'

export interface ExactRedisStoreOptions {
  /** A client of ioredis: `Redis` (also with Sentinel) or `Cluster`. */
  readonly client: Client
  /** What each key begins with. Default: `sess:` */
  readonly prefix?: string
  /** How long a session without an expiry of its own lives after its last use, in s. Default: a day */
  readonly ttl?: TtlOption
  /** How many keys a SCAN looks at at once. Default: 100 */
  readonly scanCount?: number
  /** A session's life isn't extended by its use, only by its change. Default: false */
  readonly disableTouch?: boolean
  /** Keys that hold a whole number, to which concurrent requests add. */
  readonly counters?: readonly string[]
  /** Keys that hold an array, to which concurrent requests append, and how many entries it keeps. */
  readonly logs?: Readonly<Record<string, number>>
  /** What a commit to a session that has ended meanwhile does beside changing nothing. Default: `ignore` */
  readonly onGone?: 'ignore' | 'error'
  /** How long an operation may take, in ms. Default: 5000 */
  readonly deadlineMs?: number
  /** When a commit is acknowledged. Default: `primary` */
  readonly durability?: DurabilityOption
}

/** What the store emits beside; for metrics. */
export type ExactRedisStoreEvent =
  /** An operation was sent again; with the error that made it so. */
  | 'retry'
  /** A commit met commits of others to the same counters, and was merged with them. */
  | 'conflict'
  /** A commit came too late: its session had ended. */
  | 'gone'
  /** A commit under an idempotency key that had been committed before. */
  | 'duplicate'

type Callback<T> = (error?: unknown, result?: T) => void

/** What the store remembers of a session that it gave to a request. */
interface Known extends Loaded {
  /** Why the session can't be committed any more: it has ended, or nobody knows what became of a commit, and another might
   * count it twice. */
  failed?: unknown
}

const NO_FIELDS: Fields = new Map()
const NO_CHANGE: Change = { set: new Map(), deleted: new Set(), added: new Map(), appended: new Map() }

/**
 * An express-session store that loses no update and brings no destroyed session back. Each commit carries only what the
 * request changed, and Redis merges it with what others changed.
 * @example
 * app.use(session({ store: new ExactRedisStore({ client: new Redis(), counters: ['visits'] }), … }))
 */
export class ExactRedisStore extends session.Store {
  readonly #keys: Keys
  readonly #scanCount: number
  readonly #ttl: TtlOption
  readonly #disableTouch: boolean
  readonly #onGone: 'ignore' | 'error'
  readonly #deadlineMs: number
  readonly #rules: Rules
  readonly #commands: RedisCommands
  readonly #commits: Commits
  readonly #durability: Durability
  /** Between get and createSession, which are called in a row, by the data that passes between them. */
  readonly #loaded = new WeakMap<object, Known>()
  readonly #known = new WeakMap<object, Known>()
  /** The commit of a session object that is under way, or waits for its turn; never rejects. */
  readonly #underWay = new WeakMap<object, Promise<void>>()

  /** @throws TypeError for options that make no sense. */
  constructor(options: ExactRedisStoreOptions) {
    super()
    const { client, counters = [], logs = {}, deadlineMs = 5_000 } = options
    this.#scanCount = options.scanCount ?? 100
    this.#keys = new Keys(options.prefix ?? 'sess:', this.#scanCount)
    this.#ttl = options.ttl ?? 86_400
    this.#disableTouch = options.disableTouch ?? false
    this.#onGone = options.onGone ?? 'ignore'
    this.#deadlineMs = deadlineMs
    this.#rules = { counters: new Set(counters), logs: new Map(Object.entries(logs)) }
    this.#commands = new RedisCommands(client, deadlineMs, (error) => this.emit('retry', error))
    this.#durability = new Durability(options.durability ?? 'primary', client, deadlineMs)
    this.#commits = new Commits(randomBytes(9).toString('base64url'), this.#commands, this.#durability)
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
    const known = this.#loaded.get(data)
    const created = super.createSession(req, data)
    if (known) {
      // What express-session doesn't take over (a key called __proto__, save, id…) must not count as deleted.
      const base = new Map<string, string>()
      for (const [key, text] of known.base) if (Object.hasOwn(created, key)) base.set(key, text)
      this.#known.set(created, { ...known, base })
    }
    return created
  }

  /**
   * Commits what a session changed since it was loaded; an object that this store did not load replaces what is there.
   * @throws SessionGoneError with the option `onGone: 'error'`; SessionExistsError for a new session whose id is taken.
   */
  override set(sid: string, data: session.SessionData, callback?: Callback<void>): Promise<void> | void {
    // After an explicit save express-session saves once more, for the counters that were merged in: nothing is left to do.
    // It is told so at once, for it writes its response in two parts otherwise.
    if (callback && this.#isStored(data)) return callback()
    return settled(this.#commit(sid, data, ''), callback)
  }

  /**
   * Commits a session as its `save()` does, under a key: a commit with a key that was committed to this session before
   * changes nothing, and gives the session the counters of the first one. Keys are kept for 10 minutes, and the last 128.
   */
  commit(data: session.Session & Partial<session.SessionData>, { idempotencyKey = '' } = {}): Promise<void> {
    return this.#commit(data.id, data as session.SessionData, idempotencyKey)
  }

  /** Extends the session's life; no work where that was done a moment ago. */
  override touch(sid: string, data: session.SessionData, callback?: Callback<void>): Promise<void> | void {
    if (callback && (this.#disableTouch || this.#isExtended(data))) return callback()
    return settled(this.#touch(sid, data), callback)
  }

  /** Ends the session: no commit brings it back. */
  override destroy(sid: string, callback?: Callback<void>): Promise<void> {
    return settled(this.#destroy(sid), callback)
  }

  /** Ends the request's session, bringing its counters and logs to their last state, and gives the request a new one. */
  override regenerate(req: Request, callback: Callback<void>): void {
    void settled(this.#retire(req.sessionID, req.session), (error) => {
      if (!error) this.generate(req)
      callback(error)
    })
  }

  /** Set by each express-session middleware that uses this store. */
  declare generate: (req: Request) => void

  /** @returns the ids of all sessions. */
  ids(callback?: Callback<string[]>): Promise<string[]> {
    return settled(this.#ids(), callback)
  }

  /** @returns the data of all sessions, as stored, with their ids. */
  override all(callback?: Callback<session.SessionData[]>): Promise<session.SessionData[]> {
    return settled(this.#all(), callback)
  }

  /** @returns how many sessions there are. */
  override length(callback?: Callback<number>): Promise<number> {
    return settled(
      this.#ids().then(({ length }) => length),
      callback,
    )
  }

  /** Ends all sessions. */
  override clear(callback?: Callback<void>): Promise<void> {
    const cleared = this.#ids().then(async (ids) => {
      await this.#inParts(ids, (sid) => this.#destroy(sid))
    })
    return settled(cleared, callback)
  }

  async #load(sid: string): Promise<session.SessionData | null> {
    const loaded = await this.#read(sid, !this.#disableTouch)
    if (!loaded) return null
    const data = dataOf(loaded)
    this.#loaded.set(data, loaded)
    return data
  }

  async #read(sid: string, extend: boolean, since?: number): Promise<Loaded | undefined> {
    const key = this.#keys.of(sid)
    const reply = await this.#commands.run(
      (client) => this.#commands.script(client, LOAD, [key], [extend ? '1' : '0']),
      since,
    )
    return loadedOf(reply, extend, this.#rules)
  }

  /** One commit of a session object after the other, so that none sends again what another is sending. */
  async #commit(sid: string, data: session.SessionData, idempotencyKey: string): Promise<void> {
    const since = performance.now()
    const earlier = this.#underWay.get(data)
    const commit = earlier
      ? earlier.then(() => this.#commitNow(sid, data, idempotencyKey, since))
      : this.#commitNow(sid, data, idempotencyKey, since)
    const over = commit.catch(() => {})
    this.#underWay.set(data, over)
    try {
      await commit
    } finally {
      if (this.#underWay.get(data) === over) this.#underWay.delete(data)
    }
  }

  async #commitNow(
    sid: string,
    data: session.SessionData,
    idempotencyKey: string,
    since: number,
  ): Promise<void> {
    const known = this.#known.get(data)
    const ttlMs = this.#lifeOf(data, known)
    if (!(ttlMs > 0 && Number.isFinite(ttlMs))) return this.#destroy(sid)
    if (!isSession(data)) return this.#replace(sid, data, ttlMs)
    if (known?.failed) throw known.failed

    const base = known?.base ?? NO_FIELDS
    const change = changeOf(base, data, this.#rules)
    if (known && !change && !idempotencyKey) return this.#touch(sid, data)
    const state: Known = known ?? { base, legacy: undefined, ttlMs, extendedAt: 0, slideMs: '' }
    const mode = known ? 'update' : 'create'
    try {
      await this.#send(sid, data, state, mode, change ?? NO_CHANGE, ttlMs, idempotencyKey, since)
      this.#known.set(data, state)
    } catch (error) {
      // What Redis refused has not happened, and may be tried again; of anything else nobody knows.
      const refused = (error as Error).name === 'ReplyError' || error instanceof SessionExistsError
      if (!refused) this.#known.set(data, Object.assign(state, { failed: error }))
      throw error
    }
  }

  async #send(
    sid: string,
    data: session.SessionData,
    state: Known,
    mode: 'update' | 'create',
    change: Change,
    ttlMs: number,
    idempotencyKey: string,
    since: number,
  ): Promise<void> {
    const key = this.#keys.of(sid)
    const slideMs = slideOf(data, this.#ttl)
    const others = this.#countersBeside(change, state.base)
    const known = { ttlMs, idempotencyKey, change, reads: [...others.keys()], logs: this.#rules.logs }
    for (;;) {
      const { legacy } = state
      const newSlide = legacy || slideMs !== state.slideMs ? slideMs : undefined
      const commit = { ...known, mode, legacy, slideMs: newSlide }
      const [outcome, counters = {}] = await this.#commits.commit(key, commit, since)
      switch (outcome) {
        case 'ok':
          Object.assign(state, { legacy: undefined, extendedAt: performance.now(), slideMs })
          state.base = applied(state.base, change, this.#rules)
          this.#merge(data, state, change, others, counters)
          return
        case 'dup':
          this.emit('duplicate')
          Object.assign(data, counters)
          state.base = fieldsOf(data, this.#rules)
          return
        case 'exists':
          throw new SessionExistsError()
        case 'gone':
          this.emit('gone')
          if (this.#onGone === 'error') throw new SessionGoneError()
          return
        case 'moved':
          // Another process, still on connect-redis, wrote the record meanwhile.
          state.legacy = (await this.#read(sid, false, since))?.legacy
      }
    }
  }

  /** The counters that a change leaves alone, as the session has them. */
  #countersBeside({ set, deleted, added }: Change, base: Fields): Map<string, number> {
    const counters = new Map<string, number>()
    for (const name of this.#rules.counters) {
      const text = base.get(name)
      if (text !== undefined && !set.has(name) && !deleted.has(name) && !added.has(name))
        counters.set(name, Number(text))
    }
    return counters
  }

  /** Brings what others committed meanwhile into the session: the true counters, and logs of their true length. */
  #merge(
    data: object,
    state: Known,
    change: Change,
    unchanged: ReadonlyMap<string, number>,
    counters: Readonly<Record<string, number>>,
  ): void {
    const session = data as Record<string, unknown>
    const base = new Map(state.base)
    let conflict = false
    for (const [name, value] of Object.entries(counters)) {
      const mine = change.added.get(name)?.total ?? unchanged.get(name) ?? value
      if (value === mine) continue
      conflict ||= change.added.has(name)
      // The session may have gone on counting while the commit was under way.
      if (typeof session[name] === 'number') session[name] += value - mine
      base.set(name, String(Number(base.get(name)) + value - mine))
    }
    state.base = base
    for (const name of change.appended.keys()) {
      const [log, length = 0] = [session[name], this.#rules.logs.get(name)]
      if (Array.isArray(log) && log.length > length) log.splice(0, log.length - length)
    }
    if (conflict) this.emit('conflict')
  }

  async #replace(sid: string, data: session.SessionData, ttlMs: number): Promise<void> {
    const change = { ...NO_CHANGE, set: fieldsOf(data, this.#rules) }
    const slideMs = slideOf(data, this.#ttl)
    const { logs } = this.#rules
    await this.#commits.commit(this.#keys.of(sid), {
      mode: 'replace',
      ttlMs,
      idempotencyKey: '',
      legacy: undefined,
      change,
      reads: [],
      slideMs,
      logs,
    })
  }

  async #touch(sid: string, data: session.SessionData): Promise<void> {
    if (this.#disableTouch || this.#isExtended(data)) return
    const known = this.#known.get(data)
    const ttlMs = this.#lifeOf(data, known)
    if (!(ttlMs > 0 && Number.isFinite(ttlMs))) return this.#destroy(sid)
    const key = this.#keys.of(sid)
    await this.#commands.run((client) => client.pexpire(key, ttlMs))
    if (known) known.extendedAt = performance.now()
  }

  async #destroy(sid: string): Promise<void> {
    const key = this.#keys.of(sid)
    await this.#commands.run(async (client) => {
      if (!this.#durability.waits) await client.del(key)
      else await this.#durability.write(client, (writer) => this.#commands.script(writer, DESTROY, [key], []))
    })
  }

  async #retire(sid: string, data: session.Session & Partial<session.SessionData>): Promise<void> {
    const known = this.#known.get(data)
    // A session that was never stored has nothing to retire.
    if (!known) return
    const keys = [this.#keys.of(sid), this.#keys.retired(sid)]
    const reply = await this.#commands.run((client) =>
      this.#durability.write(client, (writer) =>
        this.#commands.script(writer, RETIRE, keys, [this.#deadlineMs * 2]),
      ),
    )
    const last =
      typeof reply === 'string'
        ? fieldsOf(JSON.parse(reply) as object, this.#rules)
        : fieldsOfReply(reply as string[])
    if (last.size === 0) {
      this.emit('gone')
      if (this.#onGone === 'error') throw new SessionGoneError()
      return
    }
    const change = changeOf(known.base, data, this.#rules)
    const fields = change ? applied(last, change, this.#rules) : last
    for (const name of [...this.#rules.counters, ...this.#rules.logs.keys()]) {
      const text = fields.get(name)
      if (text !== undefined) Object.assign(data, { [name]: JSON.parse(text) })
    }
  }

  /** Whether Redis has all of this session, and extended its life a moment ago. What can't be told is the commit's to say. */
  #isStored(data: session.SessionData): boolean {
    const known = this.#known.get(data)
    try {
      return !!known && !known.failed && this.#isExtended(data) && !changeOf(known.base, data, this.#rules)
    } catch {
      return false
    }
  }

  #isExtended(data: session.SessionData): boolean {
    const known = this.#known.get(data)
    try {
      if (!known || known.slideMs !== slideOf(data, this.#ttl)) return false
    } catch {
      return false
    }
    // Within a hundredth of its life: 14 minutes of a day, 20 ms of 2 s.
    return known.slideMs === '' || performance.now() - known.extendedAt < Number(known.slideMs) / 100
  }

  /** ms that the session is to live from now on. A copy that a slow request holds doesn't know that others extended it. */
  #lifeOf(data: session.SessionData, known: Known | undefined): number {
    const slideMs = slideOf(data, this.#ttl)
    return known && slideMs !== '' && slideMs === known.slideMs ? Number(slideMs) : ttlOf(data, this.#ttl)
  }

  async #ids(): Promise<string[]> {
    return this.#commands.run((client) => this.#keys.scan(client))
  }

  async #all(): Promise<session.SessionData[]> {
    const found: session.SessionData[] = []
    await this.#inParts(await this.#ids(), async (sid) => {
      const loaded = await this.#read(sid, false)
      if (loaded) found.push(Object.assign(dataOf({ ...loaded, ttlMs: undefined }), { id: sid }))
    })
    return found
  }

  async #inParts(ids: readonly string[], work: (sid: string) => Promise<void>): Promise<void> {
    const size = this.#scanCount
    for (let at = 0; at < ids.length; at += size) await Promise.all(ids.slice(at, at + size).map(work))
  }
}

/** By what it can do: where an app has an express-session of its own beside ours, its sessions are of another class. */
function isSession(data: session.SessionData): boolean {
  return typeof (data as Partial<session.Session>).save === 'function'
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
