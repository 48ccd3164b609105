// Sends the commits to each session one batch after the other.

import type { Argument, StoreClient } from './clients/client.js'
import type { Commit, CommitOutcome } from './commit.js'
import { OutcomeUnknownError, SessionGoneError, StoreTimeoutError } from './errors.js'
import { LeanCommits } from './lean-commits.js'
import type { Certainty, RetryingClient } from './retrying-client.js'
import { COMMIT, COMMIT_LISTS, NO_FIELD } from './scripts.generated.js'
import { ServerClock } from './server-clock.js'
import { partsOf } from './session-codec.js'

/** Which fields of the session are wanted. */
type Loads = 'all' | readonly string[]

interface Waiting {
  readonly commit: Commit
  /** by performance.now() */
  readonly deadline: number
  readonly redis: RetryingClient
  readonly resolve: (outcome: CommitOutcome) => void
  readonly reject: (error: unknown) => void
}

const UNMARKED = 'the session was written as a record of connect-redis, which has no marks, in the meantime'

// Of one batch: so that a hot session doesn't hold up Redis for others.
const BATCH = 64

/** Each has ten digits, so that a script needn't look for the end of one. */
const FIRST_SEQUENCE = 1_000_000_000

/**
 * Sends commits: at once, or, while one to the same session is in flight, together with the others that wait. So a client has at
 * most one batch in flight for a session, and one mark in it is enough to recognize a batch that is sent again.
 */
export class CommitQueue {
  readonly #clientId: string
  readonly #client: StoreClient
  readonly #lean: LeanCommits
  readonly #clock: ServerClock
  /**
   * By key. Not a Map: V8 gives a Map that is set and deleted from a new table again and again, and each old one holds on to the
   * next. So the garbage collector kept megabytes of ended requests, and its pauses were twice as long.
   */
  readonly #waiting: Record<string, Waiting[] | undefined> = Object.create(null)
  #sequence = FIRST_SEQUENCE

  /** @param clientId names this client in the marks: no other may have it. */
  constructor(clientId: string, client: StoreClient) {
    this.#clientId = clientId
    this.#client = client
    this.#lean = new LeanCommits(clientId)
    this.#clock = new ServerClock(client)
  }

  /**
   * @param deadline by performance.now()
   * @param redis of the store that sends it: those of a batch are alike.
   * @returns the commit's outcome, known to be applied once (ok) or not at all (the others).
   * @throws what RetryingClient.run throws: the outcome is unknown then.
   */
  send(key: string, commit: Commit, deadline: number, redis: RetryingClient): Promise<CommitOutcome> {
    const waiting = this.#waiting[key]
    if (!waiting) {
      this.#waiting[key] = []
      return this.#alone(key, commit, deadline, redis)
    }
    return new Promise((resolve, reject) => {
      waiting.push(this.#withDeadline({ commit, deadline, redis, resolve, reject }, waiting))
    })
  }

  /** Sends those that came while others were in flight. */
  #next(key: string): void {
    const batch = this.#waiting[key]?.splice(0, BATCH) ?? []
    const [first] = batch
    if (!first) delete this.#waiting[key]
    else if (batch.length > 1) void this.#together(key, batch)
    else this.#alone(key, first.commit, first.deadline, first.redis).then(first.resolve, first.reject)
  }

  /** By a script of its own, if there is one for its shape, and if that finds what it was made for. */
  async #alone(key: string, commit: Commit, deadline: number, redis: RetryingClient): Promise<CommitOutcome> {
    try {
      const certainty: Certainty = {}
      const { losses } = this.#client
      const loads = commit.loads ?? []
      this.#sequence += 1
      const sequence = this.#sequence
      const now = this.#clock.now()
      const lean = now === undefined ? undefined : this.#lean.of(commit, sequence, now)
      let reply = lean && (await redis.write(lean.script, [key], lean.args, deadline, certainty))
      if (reply) reply = lean?.results ?? reply
      else {
        const args = this.#argumentsOf([commit], loads, sequence)
        reply = await redis.write(COMMIT, [key], args, deadline, certainty)
      }
      const { outcomes, found } = partsOfReply(reply, loads)
      // The client may have sent it again without telling.
      return knownOutcome(outcomes[0], found, certainty.unanswered || losses !== this.#client.losses)
    } finally {
      this.#next(key)
    }
  }

  async #together(key: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const certainty: Certainty = {}
      const { losses } = this.#client
      const commits = batch.map(({ commit }) => commit)
      const loads = loadsOf(commits)
      this.#sequence += 1
      const args = this.#argumentsOf(commits, loads, this.#sequence)
      // Those that came first are rejected at their own deadlines.
      const { deadline, redis } = batch.at(-1) as Waiting
      const reply = await redis.write(COMMIT, [key], args, deadline, certainty)
      const { outcomes, found } = partsOfReply(reply, loads)
      const isUnsure = certainty.unanswered || losses !== this.#client.losses
      batch.forEach(({ resolve, reject }, i) => {
        try {
          resolve(knownOutcome(outcomes[i], found, isUnsure))
        } catch (error) {
          reject(error)
        }
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      this.#next(key)
    }
  }

  #argumentsOf(commits: readonly Commit[], loads: Loads, sequence: number): Argument[] {
    const fields = loads === 'all' ? -1 : loads.length
    const args: Argument[] = [`${this.#clientId} ${sequence} ${commits.length} ${fields}`]
    if (loads !== 'all') args.push(...loads)
    for (const commit of commits) pushCommit(args, commit)
    return args
  }

  /** A queued commit is rejected at its own deadline, and then never sent. */
  #withDeadline(entry: Waiting, waiting: Waiting[]): Waiting {
    const left = Math.max(0, entry.deadline - performance.now())
    const timer = setTimeout(() => {
      const at = waiting.indexOf(timed)
      if (at >= 0) waiting.splice(at, 1)
      entry.reject(new StoreTimeoutError(entry.redis.deadlineMs))
    }, left)
    const timed: Waiting = {
      ...entry,
      resolve(outcome) {
        clearTimeout(timer)
        entry.resolve(outcome)
      },
      reject(error) {
        clearTimeout(timer)
        entry.reject(error)
      },
    }
    return timed
  }
}

/** @returns the fields that a batch wants of the session: what one of them wants, all are given. */
function loadsOf(commits: readonly Commit[]): Loads {
  const wanted = commits.map(({ loads }) => loads ?? [])
  return wanted.includes('all') ? 'all' : [...new Set(wanted.flat())]
}

/** @returns what became of each commit of a batch, and the session as it left it, if that was wanted. */
function partsOfReply(reply: unknown, loads: Loads) {
  const session = partsOf(reply)
  const outcomes = JSON.parse(session.shift() ?? '[]') as CommitOutcome[]
  const found = session.length === 0 ? undefined : loads === 'all' ? session : named(session, loads)
  return { outcomes, found }
}

/** @throws OutcomeUnknownError if it may be what an earlier try of the same commit has left behind. */
function knownOutcome(
  outcome: CommitOutcome | undefined,
  found: readonly string[] | undefined,
  isUnsure: boolean | undefined,
): CommitOutcome {
  if (!outcome) throw new Error('the script COMMIT answered for fewer commits than it was sent')
  const [kind, counters] = outcome
  // It ended before this try or after an earlier one that was applied.
  if (kind === 'gone' && isUnsure) throw new OutcomeUnknownError(new SessionGoneError())
  if (kind === 'moved' && isUnsure) throw new OutcomeUnknownError(new Error(UNMARKED))
  return found ? [kind, counters, found] : outcome
}

/** @returns single fields that a session was loaded of, with the names that were asked for. */
function named(texts: readonly string[], names: readonly string[]): string[] {
  const parts = texts.slice(0, 2)
  names.forEach((name, i) => {
    const text = texts[2 + i] ?? NO_FIELD
    if (text !== NO_FIELD) parts.push(name, text)
  })
  return parts
}

/** What each list of a commit holds; scripts/commit.lua says what each is for. */
const LISTS: Readonly<Record<(typeof COMMIT_LISTS)[number], (args: Argument[], commit: Commit) => void>> = {
  keys(args, { idempotencyKey }) {
    if (idempotencyKey) args.push(JSON.stringify(idempotencyKey))
  },
  loaded(args, { legacy }) {
    if (legacy) args.push(legacy.text)
  },
  taken(args, { legacy }) {
    if (legacy) for (const [name, text] of legacy.fields) args.push(`:${name}`, text)
  },
  sets(args, { change, expiry }) {
    if (expiry?.kind === 'sliding') args.push('@ttl', expiry.ms)
    for (const [name, text] of change.set) args.push(`:${name}`, text)
  },
  deletes(args, { change, expiry }) {
    for (const name of change.deleted) args.push(`:${name}`)
    if (expiry?.kind === 'fixed') args.push('@ttl')
  },
  adds(args, { change }) {
    for (const [name, { by, total }] of change.added) args.push(`:${name}`, by, total)
  },
  reads(args, { reads }) {
    for (const name of reads) args.push(`:${name}`)
  },
  appends(args, { change, cappedLists }) {
    for (const [name, entries] of change.appended) {
      const length = cappedLists.get(name) ?? entries.length
      const kept = entries.slice(-length)
      args.push(`:${name}`, length, kept.length, ...kept)
    }
  },
}

function pushCommit(args: Argument[], commit: Commit): void {
  const head = args.push('') - 1
  let text = `${commit.mode} ${commit.ttlMs ?? 0}`
  for (const list of COMMIT_LISTS) {
    const { length } = args
    LISTS[list](args, commit)
    text += ` ${args.length - length}`
  }
  args[head] = text
}
