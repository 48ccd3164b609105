// Commits in the form in which connect-redis stores a session: for as long as some instances of an app still use that.
import { createHash, randomBytes } from 'node:crypto'
import type { SessionData } from 'express-session'
import { applied, type Fields, fieldsOf, type Rules } from './change.js'
import type { Commit, CommitOutcome } from './commit.js'
import type { Encryption } from './encryption.js'
import { ForeignRecordError, StoreTimeoutError } from './errors.js'
import { expiryOf, positive, type TtlOption, ttlOf } from './expiry.js'
import type { Keys } from './keys.js'
import type { Certainty, RetryingClient } from './retrying-client.js'
import { RECORD } from './scripts.generated.js'
import { dataOf, fieldsOfReply, parseRecord } from './session-codec.js'

interface RecordOptions {
  readonly rules: Rules
  readonly ttl: TtlOption
  /** Opens what was encrypted; records are plain text. */
  readonly encryption: Encryption | undefined
  readonly parseRecord: (text: string) => unknown
  readonly stringifyRecord: (session: SessionData) => string
}

/** What there is under a session's key. */
interface Found {
  /** As scripts/record.lua has it. */
  readonly version: string
  readonly kind: 'none' | 'record' | 'hash'
  readonly fields: Fields
  /** ms until it expires; below 0 for never */
  readonly ttlMs: number
}

/** What is to be there instead. */
interface Next {
  readonly text: string
  /** ms until it expires; 0 for as it was */
  readonly ttlMs: number
  readonly idempotencyKey: string
  readonly outcome: CommitOutcome
}

/** @returns what is to be there instead of what is found; an outcome if nothing is to be done. */
type Exchange = (found: Found) => Next | CommitOutcome

const NOTHING: Found = { version: 'none', kind: 'none', fields: new Map(), ttlMs: 0 }
const ANYTHING: Found = { ...NOTHING, version: 'any' }

type FoundReply = readonly ['found', version: string, ttlMs: number | string, content: readonly string[]]
type Reply = readonly ['done', outcome: string] | FoundReply

/** Who writes, as the marks name it: all stores on a client, so that a store for each request doesn't leave a mark each. */
export class RecordWriter {
  readonly id = randomBytes(9).toString('base64url')
  /** By key: the exchange that is in flight, and those that wait for it. */
  readonly last = new Map<string, Promise<unknown>>()
  sequence = 0
}

/**
 * Sends commits as CommitQueue does, and as exactly. But the merge is made here, and is written if the session is still as it was
 * found; else it is made again. Each writer has one commit in flight for a session, so that one mark recognizes it.
 */
export class RecordCommits {
  readonly #keys: Keys
  readonly #writer: RecordWriter
  readonly #options: RecordOptions

  constructor(keys: Keys, writer: RecordWriter, options: RecordOptions) {
    this.#keys = keys
    this.#writer = writer
    this.#options = options
  }

  /**
   * @param deadline by performance.now()
   * @returns the commit's outcome, known to be applied once (ok) or not at all (the others).
   * @throws what RetryingClient.run throws: the outcome is unknown then.
   */
  async send(key: string, commit: Commit, deadline: number, redis: RetryingClient): Promise<CommitOutcome> {
    const { mode, change, reads, idempotencyKey, loads, cappedLists } = commit
    const { rules, ttl, stringifyRecord } = this.#options
    let left: readonly string[] | undefined
    const exchange: Exchange = (found) => {
      if (mode === 'update' && found.kind === 'none') return ['gone']
      if (mode === 'create' && found.kind !== 'none') return ['exists']
      const before: Fields = mode === 'update' ? found.fields : new Map()
      const fields = applied(before, change, { ...rules, cappedLists })
      const data = dataOf(fields)
      const expiry = expiryOf(data, ttl)
      const slidingMs = expiry.kind === 'sliding' ? expiry.ms : undefined
      const ttlMs = Math.ceil((slidingMs === undefined ? ttlOf(data, ttl) : positive(slidingMs)) ?? 1)
      const counters: Record<string, number> = {}
      for (const name of [...change.added.keys(), ...reads]) {
        const value: unknown = data[name as keyof SessionData]
        if (typeof value === 'number') counters[name] = value
      }
      left = [
        String(ttlMs),
        String(slidingMs ?? ''),
        ...[...fields].flatMap(([name, text]) => [`:${name}`, text]),
      ]
      const text = stringifyRecord(slidingMs === undefined ? data : dataOf(fields, ttlMs))
      return { text, ttlMs, idempotencyKey, outcome: ['ok', counters] }
    }
    const outcome = await this.#inTurn(key, firstSeen(commit), { deadline, redis, exchange })
    return loads && left && outcome[0] === 'ok' ? [outcome[0], outcome[1], left] : outcome
  }

  /**
   * Writes a session as connect-redis does, if it is not written so; with what it holds, to expire as before.
   * @returns whether it was written, was a record of connect-redis already, or has ended.
   * @throws ForeignRecordError, DecryptionError; what RetryingClient.run throws.
   */
  async convert(sid: string, redis: RetryingClient): Promise<'written' | 'unchanged' | 'gone'> {
    let kind: Found['kind'] = 'none'
    const exchange: Exchange = (found) => {
      kind = found.kind
      if (kind !== 'hash') return ['ok']
      const text = this.#options.stringifyRecord(dataOf(found.fields, found.ttlMs))
      return { text, ttlMs: 0, idempotencyKey: '', outcome: ['ok'] }
    }
    await this.#inTurn(this.#keys.of(sid), undefined, { deadline: redis.deadline(), redis, exchange })
    return ({ none: 'gone', record: 'unchanged', hash: 'written' } as const)[kind]
  }

  /** Makes the exchanges of a session one after the other. */
  async #inTurn(key: string, seen: Found | undefined, work: Work): Promise<CommitOutcome> {
    const { last } = this.#writer
    const earlier = last.get(key)
    const mine = earlier
      ? earlier.then(() => this.#exchange(key, seen, work))
      : this.#exchange(key, seen, work)
    const over = mine.catch(() => {})
    last.set(key, over)
    try {
      return await mine
    } finally {
      if (last.get(key) === over) last.delete(key)
    }
  }

  /** @param seen what is there, as far as is known; undefined to look first. */
  async #exchange(
    key: string,
    seen: Found | undefined,
    { deadline, redis, exchange }: Work,
  ): Promise<CommitOutcome> {
    if (performance.now() >= deadline) throw new StoreTimeoutError(redis.deadlineMs)
    this.#writer.sequence += 1
    const { id, sequence } = this.#writer
    const keys = [key, this.#keys.commits(key)] as const
    const certainty: Certainty = {}
    for (let found = seen; ; ) {
      const wanted = found && exchange(found)
      if (isOutcome(wanted)) return wanted
      const { idempotencyKey = '', text = '', ttlMs = 0, outcome } = wanted ?? {}
      const once = idempotencyKey && JSON.stringify(idempotencyKey)
      const version = found?.version ?? 'look'
      const args = [id, sequence, once, version, text, ttlMs, JSON.stringify(outcome ?? [])]
      const reply = (await (found
        ? redis.write(RECORD, keys, args, deadline, certainty)
        : redis.read(RECORD, keys, args, deadline))) as Reply
      if (reply[0] === 'done') return JSON.parse(reply[1]) as CommitOutcome
      found = this.#found(key, reply)
    }
  }

  #found(key: string, [, version, ttl, content]: FoundReply): Found {
    const { rules, encryption } = this.#options
    const [ttlMs, text] = [Number(ttl), content[0]]
    if (version === 'foreign') throw new ForeignRecordError()
    if (text === undefined) return NOTHING
    if (content.length === 1) {
      const fields = fieldsOf(parseRecord(text, this.#options.parseRecord), rules)
      return { version, kind: 'record', fields, ttlMs }
    }
    const fields = fieldsOfReply(content)
    if (fields.size === 0 && !content.includes('@ttl')) throw new ForeignRecordError()
    const sid = this.#keys.idOf(key)
    if (encryption) for (const [name, sealed] of fields) fields.set(name, encryption.open(sid, name, sealed))
    return { version, kind: 'hash', fields, ttlMs }
  }
}

interface Work {
  /** by performance.now() */
  readonly deadline: number
  readonly redis: RetryingClient
  readonly exchange: Exchange
}

/** @returns what a commit takes to be there before anybody looked; undefined if it can't say. */
function firstSeen({ mode, legacy }: Commit): Found | undefined {
  if (mode === 'replace') return ANYTHING
  if (mode === 'create') return NOTHING
  if (!legacy) return undefined
  const version = createHash('sha1').update(legacy.text).digest('hex')
  return { version, kind: 'record', fields: legacy.fields, ttlMs: 0 }
}

function isOutcome(wanted: Next | CommitOutcome | undefined): wanted is CommitOutcome {
  return Array.isArray(wanted)
}
