// A session object that a request holds: what it was loaded as, and so what its request has changed.
import type { SessionData } from 'express-session'
import {
  applied,
  Change,
  changeOf,
  type Fields,
  fieldsOf,
  NO_CHANGE,
  sameCookie,
  takesAway,
} from './change.js'
import { OutcomeUnknownError, SessionExistsError, SessionGoneError } from './errors.js'
import { type Expiry, expiryOf, FIXED, positive, sameExpiry, ttlOf } from './expiry.js'
import { dataOf, type LegacyRecord, type LoadedSession } from './session-codec.js'
import type { SessionRepository } from './session-repository.js'

/** What all held sessions of a store share. */
export interface HeldSessionContext {
  readonly sessions: SessionRepository
  readonly disableTouch: boolean
  readonly onGone: 'ignore' | 'error'
  /** Whether Redis refused a commit and certainly has not applied it. */
  isRefusal(error: unknown): boolean
  /** Emits an event of the store. */
  tell(event: 'conflict' | 'duplicate' | 'gone'): void
}

const NO_FIELDS: Fields = new Map()

/** How a session is to expire, and when; undefined for what its record says. */
interface Life {
  readonly ttlMs: number | undefined
  readonly expiry: Expiry | undefined
}

const OWN_LIFE: Life = { ttlMs: undefined, expiry: undefined }

export class HeldSession {
  readonly #context: HeldSessionContext
  readonly sid: string
  #data: SessionData
  /** Whether Redis has, or had, the session. */
  #exists: boolean
  #base: Fields
  /**
   * The last commit, until the base is made what it left behind: only once that is asked for, which most requests never do. (No
   * function that makes it: V8 puts one that is written as a property's value among its old objects, and all that it holds stays
   * in memory until those are collected.)
   */
  #committed: Change | undefined
  /** By how much the counters moved besides, at that commit. */
  #shifts: ReadonlyMap<string, number> | undefined
  #legacy: LegacyRecord | undefined
  #expiry: Expiry | undefined
  #extendedAt: number
  /** Whether this use of the session extends it. */
  readonly #counts: boolean
  /**
   * Why it can't be committed any more: it has ended, or nobody knows what became of a commit, and another might count it twice.
   */
  #failed: unknown
  /** The last commit that was tried, and the base that it went by. */
  #sent: Change | undefined
  #sentBase: Fields = NO_FIELDS
  /** What is being done, or waits for its turn; never rejects. */
  #inFlight: Promise<unknown> | undefined

  /** @param loaded undefined for a session that was never stored. */
  constructor(context: HeldSessionContext, sid: string, data: SessionData, loaded?: LoadedSession) {
    this.#context = context
    this.sid = sid
    this.#data = data
    this.#exists = loaded !== undefined
    this.#base = loaded?.base ?? NO_FIELDS
    this.#legacy = loaded?.legacy
    this.#expiry = loaded?.expiry
    this.#extendedAt = loaded?.extendedAt ?? Number.NEGATIVE_INFINITY
    this.#counts = loaded?.counts ?? true
    // What a session object doesn't take over (a key called __proto__, save, id…) must not count as deleted.
    if (loaded) for (const key of loaded.base.keys()) if (isInherited(data, key)) loaded.base.delete(key)
  }

  /** Takes another object for the session's: what it holds now. */
  withData(data: SessionData): this {
    this.#data = data
    return this
  }

  /** Commits what the request has changed. @param found what `unsaved` found a moment ago. */
  commit(idempotencyKey: string, deadline: number, found?: Change): Promise<void> {
    return this.#inTurn(() => this.#commit(idempotencyKey, deadline, found))
  }

  /** Extends the session; no work if that was done a moment ago. */
  touch(deadline: number): Promise<void> {
    return this.#inTurn(() => this.#touch(deadline))
  }

  /**
   * Ends a session whose content moves to a new one. What others changed in it in the meantime is brought along.
   * @throws OutcomeUnknownError after a commit that got no answer: what it counted may be there, and would count twice.
   */
  retire(deadline: number): Promise<void> {
    return this.#inTurn(() => this.#retire(deadline))
  }

  /** One after the other: what is in flight changes the base that the next one goes by. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#inFlight ? this.#inFlight.then(work) : work()
    const over = () => {
      if (this.#inFlight === settled) this.#inFlight = undefined
    }
    const settled = mine.then(over, over)
    this.#inFlight = settled
    return mine
  }

  async #touch(deadline: number): Promise<void> {
    const { sessions, disableTouch } = this.#context
    if (disableTouch || this.#isExtended()) return
    const expiry = this.#expiryNow()
    const isOwn = this.#exists && sameExpiry(this.#expiry, expiry)
    const isMoved = this.#isCookieMoved()
    // A cookie that was changed is stored: what extends the session later goes by it.
    if (isMoved || (this.#expiry && !isOwn)) {
      const set = new Map(isMoved ? [['cookie', JSON.stringify(this.#data.cookie)]] : [])
      return this.#commitChange(new Change(set), '', deadline)
    }
    const ttlMs = isOwn && expiry.kind === 'sliding' ? positive(expiry.ms) : ttlOf(this.#data, sessions.ttl)
    if (ttlMs === undefined) return sessions.destroy(this.sid, deadline)
    await sessions.extend(this.sid, ttlMs, isOwn, deadline)
    this.#extendedAt = performance.now()
  }

  async #retire(deadline: number): Promise<void> {
    if (!this.#exists) return
    if (this.#failed instanceof OutcomeUnknownError) throw this.#failed
    const { sessions } = this.#context
    const { rules } = sessions
    const last = await sessions.retire(this.sid, deadline)
    const isOver = last.size === 0
    if (isOver && this.#context.onGone === 'ignore') return this.#gone()
    const base = this.#currentBase()
    const change = changeOf(base, this.#data, rules)
    const fields = change ? applied(last, change, rules) : last
    const data = this.#data as unknown as Record<string, unknown>
    const latest = dataOf(fields) as unknown as Readonly<Record<string, unknown>>
    for (const [name, text] of fields) {
      if (name === 'cookie' || text === base.get(name) || isInherited(data, name)) continue
      // What this request set is what it has, in its own objects.
      if (!change?.set.has(name)) data[name] = latest[name]
    }
    for (const name of base.keys()) if (name !== 'cookie' && !fields.has(name)) delete data[name]
    if (isOver) this.#gone()
  }

  /** @returns what Redis does not have of this session yet; NO_CHANGE if it has all; undefined if only the commit can say. */
  unsaved(): Change | undefined {
    if (!this.#exists || this.#failed || this.#inFlight) return undefined
    try {
      return changeOf(this.#currentBase(), this.#data, this.#context.sessions.rules) ?? NO_CHANGE
    } catch {
      return undefined
    }
  }

  isExtended(): boolean {
    return !this.#inFlight && this.#isExtended()
  }

  #isExtended(): boolean {
    const { ttl } = this.#context.sessions
    const expiry = this.#expiry
    try {
      if (!expiry) return !this.#counts && !this.#isCookieMoved()
      if (!sameExpiry(expiry, this.#expiryNow())) return false
      if (!this.#counts) return !this.#isCookieMoved()
      if (expiry.kind === 'fixed' && typeof ttl !== 'function') return !this.#isCookieMoved()
      const ms = expiry.kind === 'sliding' ? expiry.ms : (ttlOf(this.#data, ttl) ?? 0)
      // Within a hundredth of its time: 14 minutes of a day, 20 ms of 2 s.
      return performance.now() - this.#extendedAt < ms / 100
    } catch {
      return false
    }
  }

  #commit(idempotencyKey: string, deadline: number, found: Change | undefined): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed)
    let change = found
    try {
      change ??= changeOf(this.#currentBase(), this.#data, this.#context.sessions.rules) ?? NO_CHANGE
    } catch (error) {
      return Promise.reject(error)
    }
    if (this.#exists && change === NO_CHANGE && !idempotencyKey) return this.#touch(deadline)
    return this.#commitChange(change, idempotencyKey, deadline)
  }

  async #commitChange(change: Change, idempotencyKey: string, deadline: number): Promise<void> {
    const { sessions, tell } = this.#context
    let life = this.#lifeWith(change)
    if (!life) return sessions.destroy(this.sid, deadline)
    this.#sent = change
    this.#sentBase = this.#currentBase()
    const reads = this.#countersBeside(change)
    const { cappedLists } = sessions.rules
    const mode = this.#exists ? 'update' : 'create'
    try {
      for (;;) {
        const legacy = this.#legacy
        const { ttlMs, expiry }: Life = life
        const [outcome, counters = {}] = await sessions.commit(
          this.sid,
          { mode, idempotencyKey, change, reads, legacy, ttlMs, expiry, cappedLists },
          deadline,
        )
        if (outcome === 'ok') {
          this.#legacy = undefined
          this.#extendedAt = performance.now()
          this.#expiry = expiry ?? this.#expiry
          this.#merge(change, counters)
          break
        }
        if (outcome === 'dup') {
          tell('duplicate')
          Object.assign(this.#data, counters)
          this.#base = fieldsOf(this.#data, sessions.rules)
          this.#committed = undefined
          break
        }
        if (outcome === 'exists') throw new SessionExistsError()
        if (outcome === 'gone') {
          this.#gone()
          break
        }
        // A record was written in the meantime, by connect-redis or for it. It is extended as its cookie says.
        const loaded = await sessions.load(this.sid, false, deadline)
        this.#legacy = loaded?.legacy
        if (!loaded?.legacy) continue
        const isOwn = change.set.has('cookie')
        life = this.#lifeOf(isOwn ? this.#data : dataOf(loaded.base, loaded.ttlMs)) ?? life
      }
      this.#exists = true
    } catch (error) {
      this.#failed = this.#failureAfter(error) ?? this.#failed
      throw error
    }
  }

  /** @returns why the session can't be committed any more after an error; undefined if it may be tried again. */
  #failureAfter(error: unknown): unknown {
    // What Redis has no memory for has not happened, and may be tried again: the script refuses none that was applied.
    // Of anything else nobody knows: the client may have sent it twice.
    if (this.#context.isRefusal(error) || error instanceof SessionExistsError) return undefined
    this.#exists = true
    if (error instanceof SessionGoneError) return error
    return new OutcomeUnknownError(
      error as Error,
      'what became of an earlier commit is unknown: reload() the session first',
    )
  }

  /** The counters of the session that a change leaves alone. */
  #countersBeside({ set, deleted, added }: Change): string[] {
    const counters: string[] = []
    for (const name of this.#context.sessions.rules.counters)
      if (this.#base.has(name) && !set.has(name) && !deleted.has(name) && !added.has(name))
        counters.push(name)
    return counters
  }

  /** Brings what others committed in the meantime into the session: the true counters, and lists of their true length. */
  #merge(change: Change, counters: Readonly<Record<string, number>>): void {
    const { sessions, tell } = this.#context
    const { rules } = sessions
    const session = this.#data as unknown as Record<string, unknown>
    const base = this.#base
    // Made as it is needed: most commits meet no other.
    let shifts: Map<string, number> | undefined
    for (const name of Object.keys(counters)) {
      const value = counters[name] ?? 0
      const by = value - (change.added.get(name)?.total ?? Number(base.get(name) ?? value))
      if (by === 0) continue
      shifts ??= new Map()
      shifts.set(name, by)
      // The session may have gone on counting while the commit was in flight.
      if (typeof session[name] === 'number') session[name] += by
    }
    this.#committed = change
    this.#shifts = shifts
    for (const name of change.appended.keys()) {
      const [list, length = 0] = [session[name], rules.cappedLists.get(name)]
      if (Array.isArray(list) && list.length > length) list.splice(0, list.length - length)
    }
    if (shifts && [...shifts.keys()].some((name) => change.added.has(name))) tell('conflict')
  }

  /** @throws SessionGoneError if that is wanted, and the request has lost something by it: a logout that came second has not. */
  #gone(): void {
    this.#context.tell('gone')
    const sent = this.#sent
    if (this.#context.onGone === 'error' && !(sent && takesAway(sent, this.#sentBase)))
      throw new SessionGoneError()
  }

  /**
   * Decides how the session expires after a change: only a request that changed that decides anew. A copy that a slow request
   * holds doesn't know that others extended it.
   * @returns undefined if its end has come, or is no time.
   */
  #lifeWith(change: Change): Life | undefined {
    const { ttl } = this.#context.sessions
    const expiry = this.#expiryNow()
    const isSame = !this.#legacy && sameExpiry(this.#expiry, expiry)
    if (isSame && expiry.kind === 'sliding') return positive(expiry.ms) === undefined ? undefined : OWN_LIFE
    if (isSame && typeof ttl !== 'function' && !change.set.has('cookie')) return OWN_LIFE
    if (this.#legacy) return this.#lifeOf(this.#data)
    const ttlMs = ttlOf(this.#data, ttl)
    return ttlMs === undefined ? undefined : { ttlMs, expiry: isSame ? undefined : expiry }
  }

  /** Decides how a record of connect-redis expires from this use on, whatever date a copy of it has. */
  #lifeOf(data: SessionData): Life | undefined {
    const { ttl } = this.#context.sessions
    const expiry = expiryOf(data, ttl)
    const ttlMs = expiry.kind === 'sliding' ? positive(expiry.ms) : ttlOf(data, ttl)
    return ttlMs === undefined ? undefined : { ttlMs, expiry }
  }

  /** How the session is to expire by what it holds now. A touch by express-session doesn't undo an end at a fixed time. */
  #expiryNow(): Expiry {
    const { ttl } = this.#context.sessions
    const { cookie } = this.#data
    const isFixed = this.#expiry?.kind === 'fixed' && typeof ttl !== 'function'
    if (isFixed && cookie && !cookie.expires && typeof cookie.originalMaxAge !== 'number') {
      const was = JSON.parse(this.#currentBase().get('cookie') ?? 'null') as { expires?: unknown } | null
      if (was?.expires) return FIXED
    }
    return expiryOf(this.#data, ttl)
  }

  #isCookieMoved(): boolean {
    const was = this.#currentBase().get('cookie')
    return was !== undefined && !sameCookie(was, JSON.stringify(this.#data.cookie) ?? 'null')
  }

  #currentBase(): Fields {
    if (this.#committed) {
      const base = applied(this.#base, this.#committed, this.#context.sessions.rules)
      for (const [name, by] of this.#shifts ?? []) base.set(name, String(Number(base.get(name)) + by))
      this.#base = base
      this.#committed = undefined
    }
    return this.#base
  }
}

/** Whether an object has a key only by its class, as a session has `save`. */
function isInherited(data: object, key: string): boolean {
  return key in data && !Object.hasOwn(data, key)
}
