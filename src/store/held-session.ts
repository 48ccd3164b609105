import type { Session, SessionData } from 'express-session'
import { applied, type Change, changeOf, type Fields, fieldsOf, NO_CHANGE, type Rules } from './change.js'
import type { Commit, Commits } from './commit-queue.js'
import { SessionExistsError, SessionGoneError } from './errors.js'
import { Hidden } from './object-slot.js'
import type { Keys } from './keys.js'
import { alive, slideOf, type TtlOption, ttlOf } from './expiry.js'
import type { ExactRedisStoreEvent } from './options.js'
import type { Loaded } from './session-codec.js'
import type { StoredSessions } from './session-repository.js'

/** What the store remembers of a session that it gave to a request. */
interface Known extends Omit<Loaded, 'base'> {
  base: Fields
  /** Makes the base what the last commit left behind: only once it is asked for, which most requests never do. */
  rebase?: (() => Fields) | undefined
  /** Why the session can't be committed any more: it has ended, or nobody knows what became of a commit, and another might
   * count it twice. */
  failed?: unknown
}

const NO_FIELDS: Fields = new Map()

interface HeldSessionsParts {
  readonly stored: StoredSessions
  readonly commits: Commits
  readonly keys: Keys
  readonly rules: Rules
  readonly ttl: TtlOption
  readonly disableTouch: boolean
  readonly onGone: 'ignore' | 'error'
  readonly emit: (event: ExactRedisStoreEvent, detail?: unknown) => void
}

/** The session objects that requests hold: what each was loaded as, and so what its request has changed. */
export class HeldSessions {
  readonly #parts: HeldSessionsParts
  readonly #known = new Hidden<Known>()
  /** The commit of a session object that is under way, or waits for its turn; never rejects. */
  readonly #underWay = new Hidden<Promise<void>>()

  constructor(parts: HeldSessionsParts) {
    this.#parts = parts
  }

  /** Remembers what a session object was loaded as. */
  add(data: object, loaded: Loaded): void {
    // What express-session doesn't take over (a key called __proto__, save, id…) must not count as deleted.
    const { base } = loaded
    for (const key of base.keys()) if (!Object.hasOwn(data, key)) base.delete(key)
    this.#known.set(data, { ...loaded })
  }

  /** One commit of a session object after the other, so that none sends again what another is sending. */
  async commit(sid: string, data: SessionData, idempotencyKey: string): Promise<void> {
    const since = performance.now()
    const earlier = this.#underWay.get(data)
    const commit = earlier
      ? earlier.then(() => this.#commitNow(sid, data, idempotencyKey, since))
      : this.#commitNow(sid, data, idempotencyKey, since)
    const over = commit.catch(() => {})
    this.#underWay.set(data, over)
    try {
      await commit
      this.#parts.emit('commit', performance.now() - since)
    } finally {
      if (this.#underWay.get(data) === over) this.#underWay.set(data, undefined)
    }
  }

  async #commitNow(sid: string, data: SessionData, idempotencyKey: string, since: number): Promise<void> {
    const known = this.#known.get(data)
    const ttlMs = this.#lifeOf(data, known)
    if (ttlMs === undefined) return this.#parts.stored.destroy(sid)
    if (!isSession(data)) return this.#replace(sid, data, ttlMs)
    if (known?.failed) throw known.failed

    const base = known ? baseOf(known) : NO_FIELDS
    const change = changeOf(base, data, this.#parts.rules)
    if (known && !change && !idempotencyKey) return this.touch(sid, data)
    const state: Known = known ?? { base, legacy: undefined, ttlMs, extendedAt: 0, slideMs: '' }
    const wanted = {
      mode: known ? 'update' : 'create',
      ttlMs,
      idempotencyKey,
      change: change ?? NO_CHANGE,
    } as const
    try {
      await this.#send(sid, data, state, wanted, since)
      this.#known.set(data, state)
    } catch (error) {
      // What Redis has no memory for has not happened, and may be tried again: the script refuses none that was applied.
      // Of anything else nobody knows: ioredis may have sent it twice.
      const { name, message } = error as Error
      const refused =
        (name === 'ReplyError' && message.includes('OOM')) || error instanceof SessionExistsError
      if (!refused) this.#known.set(data, Object.assign(state, { failed: error }))
      throw error
    }
  }

  async #send(
    sid: string,
    data: SessionData,
    state: Known,
    wanted: Pick<Commit, 'mode' | 'ttlMs' | 'idempotencyKey' | 'change'>,
    since: number,
  ): Promise<void> {
    const { change } = wanted
    const { logs } = this.#parts.rules
    const slideMs = slideOf(data, this.#parts.ttl)
    const others = this.#countersBeside(change, state.base)
    const reads = [...others.keys()]
    for (;;) {
      const { legacy } = state
      const newSlide = legacy || slideMs !== state.slideMs ? slideMs : undefined
      const commit = { ...wanted, legacy, reads, slideMs: newSlide, logs }
      const [outcome, counters = {}] = await this.#parts.commits.commit(
        this.#parts.keys.of(sid),
        commit,
        since,
      )
      switch (outcome) {
        case 'ok':
          state.legacy = undefined
          state.extendedAt = performance.now()
          state.slideMs = slideMs
          this.#merge(data, state, change, others, counters)
          return
        case 'dup':
          this.#parts.emit('duplicate')
          Object.assign(data, counters)
          state.base = fieldsOf(data, this.#parts.rules)
          state.rebase = undefined
          return
        case 'exists':
          throw new SessionExistsError()
        case 'gone':
          return this.#gone()
        case 'moved':
          // Another process, still on connect-redis, wrote the record meanwhile.
          state.legacy = (await this.#parts.stored.load(sid, false, since))?.legacy
      }
    }
  }

  /** The counters that a change leaves alone, as the session has them. */
  #countersBeside({ set, deleted, added }: Change, base: Fields): Map<string, number> {
    const counters = new Map<string, number>()
    for (const name of this.#parts.rules.counters) {
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
    const shifts = new Map<string, number>()
    for (const name of Object.keys(counters)) {
      const value = counters[name] ?? 0
      const mine = change.added.get(name)?.total ?? unchanged.get(name) ?? value
      if (value === mine) continue
      shifts.set(name, value - mine)
      // The session may have gone on counting while the commit was under way.
      if (typeof session[name] === 'number') session[name] += value - mine
    }
    const { base } = state
    state.rebase = () => {
      const after = applied(base, change, this.#parts.rules)
      for (const [name, by] of shifts) after.set(name, String(Number(after.get(name)) + by))
      return after
    }
    for (const name of change.appended.keys()) {
      const [log, length = 0] = [session[name], this.#parts.rules.logs.get(name)]
      if (Array.isArray(log) && log.length > length) log.splice(0, log.length - length)
    }
    if ([...shifts.keys()].some((name) => change.added.has(name))) this.#parts.emit('conflict')
  }

  async #replace(sid: string, data: SessionData, ttlMs: number): Promise<void> {
    const change = { ...NO_CHANGE, set: fieldsOf(data, this.#parts.rules) }
    const slideMs = slideOf(data, this.#parts.ttl)
    const { logs } = this.#parts.rules
    await this.#parts.commits.commit(this.#parts.keys.of(sid), {
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

  /** Extends the session's life; no work where that was done a moment ago. */
  async touch(sid: string, data: SessionData): Promise<void> {
    if (this.#parts.disableTouch || this.isExtended(data)) return
    const known = this.#known.get(data)
    const ttlMs = this.#lifeOf(data, known)
    if (ttlMs === undefined) return this.#parts.stored.destroy(sid)
    await this.#parts.stored.extend(sid, ttlMs)
    if (known) known.extendedAt = performance.now()
  }

  /** Ends a session whose content moves to a new one; its counters and logs are brought to their last state. */
  async retire(sid: string, data: object): Promise<void> {
    const known = this.#known.get(data)
    // A session that was never stored has nothing to retire.
    if (!known) return
    const last = await this.#parts.stored.retire(sid)
    if (last.size === 0) return this.#gone()
    const change = changeOf(baseOf(known), data, this.#parts.rules)
    const fields = change ? applied(last, change, this.#parts.rules) : last
    for (const name of [...this.#parts.rules.counters, ...this.#parts.rules.logs.keys()]) {
      const text = fields.get(name)
      if (text !== undefined) Object.assign(data, { [name]: JSON.parse(text) })
    }
  }

  #gone(): void {
    this.#parts.emit('gone')
    if (this.#parts.onGone === 'error') throw new SessionGoneError()
  }

  /** Whether Redis has all of this session, and extended its life a moment ago. What can't be told is the commit's to say. */
  isStored(data: SessionData): boolean {
    const known = this.#known.get(data)
    try {
      return (
        !!known && !known.failed && this.isExtended(data) && !changeOf(baseOf(known), data, this.#parts.rules)
      )
    } catch {
      return false
    }
  }

  isExtended(data: SessionData): boolean {
    const known = this.#known.get(data)
    try {
      if (!known || known.slideMs !== slideOf(data, this.#parts.ttl)) return false
    } catch {
      return false
    }
    // Within a hundredth of its life: 14 minutes of a day, 20 ms of 2 s.
    return known.slideMs === '' || performance.now() - known.extendedAt < Number(known.slideMs) / 100
  }

  /**
   * ms that the session is to live from now on; undefined for one whose end has come, or is no time. A copy that a slow
   * request holds doesn't know that others extended it.
   */
  #lifeOf(data: SessionData, known: Known | undefined): number | undefined {
    const slideMs = slideOf(data, this.#parts.ttl)
    const extended = known && slideMs !== '' && slideMs === known.slideMs
    return extended ? alive(Number(slideMs)) : ttlOf(data, this.#parts.ttl)
  }
}

function baseOf(known: Known): Fields {
  if (known.rebase) {
    known.base = known.rebase()
    known.rebase = undefined
  }
  return known.base
}

/** By what it can do: where an app has an express-session of its own beside ours, its sessions are of another class. */
function isSession(data: SessionData): boolean {
  return typeof (data as Partial<Session>).save === 'function'
}
