import type { Change, Fields } from './change.js'
import type { Durability } from './durability.js'
import { StoreTimeoutError } from './errors.js'
import { partsOf } from './session-codec.js'
import type { RedisCommands } from './retrying-client.js'
import { COMMIT, NO_FIELD } from './scripts.js'

/** One commit, as the script takes it. */
export interface Commit {
  readonly mode: 'update' | 'create' | 'replace'
  /** ms until the session expires; 0 for what its own last commit said. */
  readonly ttlMs: number
  readonly idempotencyKey: string
  /** The record of connect-redis that was loaded, and what it becomes. */
  readonly legacy: { readonly text: string; readonly fields: Fields } | undefined
  readonly change: Change
  /** Counters that the change leaves alone, and whose true value is wanted all the same. */
  readonly reads: readonly string[]
  /** ms by which a visit extends the session's life, where that is to be stored; '' for never. */
  readonly slideMs: string | undefined
  /** How many entries each log keeps. */
  readonly logs: ReadonlyMap<string, number>
  /** What of the session is wanted, too, as the commit leaves it, its life extended: all, or these fields, the cookie first: without
   * that nothing is given. */
  readonly loads?: 'all' | readonly string[]
}

/** What became of a commit, and the counters as it left them; where it loads, the session as its whole batch left it. */
type Outcome = readonly [
  'ok' | 'dup' | 'gone' | 'exists' | 'moved',
  counters?: Readonly<Record<string, number>> | undefined,
  found?: readonly string[],
]

interface Waiting {
  readonly commit: Commit
  /** by performance.now() */
  readonly since: number
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

// Of one batch: so that a hot session doesn't hold up Redis for others.
const BATCH = 64

/**
 * Sends commits: at once, or, while one to the same session is under way, together with the others that wait. So a writer has
 * at most one batch in flight for a session, and one mark in it is enough to tell a batch that is sent again.
 */
export class Commits {
  readonly #writer: string
  readonly #commands: RedisCommands
  readonly #durability: Durability
  readonly #waiting = new Map<string, Waiting[]>()
  #sequence = 0

  constructor(writer: string, commands: RedisCommands, durability: Durability) {
    this.#writer = writer
    this.#commands = commands
    this.#durability = durability
  }

  /**
   * @param since when the caller began to wait, by performance.now()
   * @returns the commit's outcome, known to be applied once (ok) or not at all (the others).
   * @throws what RedisCommands.run throws: the outcome is unknown then.
   */
  commit(key: string, commit: Commit, since = performance.now()): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const entry = { commit, since, resolve, reject }
      const waiting = this.#waiting.get(key)
      if (waiting) {
        waiting.push(this.#withDeadline(entry, waiting))
        return
      }
      this.#waiting.set(key, [entry])
      void this.#drain(key)
    })
  }

  async #drain(key: string): Promise<void> {
    const waiting = this.#waiting.get(key) ?? []
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH)
      this.#sequence += 1
      try {
        const loads = loadsOf(batch)
        const fields = loads === 'all' ? -1 : loads.length
        const args: (string | number)[] = [`${this.#writer} ${this.#sequence} ${batch.length} ${fields}`]
        if (loads !== 'all') args.push(...loads)
        for (const { commit } of batch) pushCommit(args, commit)
        const reply = await this.#commands.run(
          (client) =>
            this.#durability.write(client, key, (writer) =>
              this.#commands.script(writer, COMMIT, [key], args),
            ),
          // The deadline of those that came first is their own.
          batch.at(-1)?.since,
        )
        const session = partsOf(reply)
        const outcomes = JSON.parse(session.shift() ?? '[]') as Outcome[]
        const found = loads === 'all' ? session : named(session, loads)
        batch.forEach(({ resolve, reject }, i) => {
          const outcome = outcomes[i]
          if (outcome) resolve(session.length > 0 ? [outcome[0], outcome[1], found] : outcome)
          else reject(new Error('the script COMMIT answered for fewer commits than it was sent'))
        })
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#waiting.delete(key)
  }

  /** A commit that has to wait hears by its own deadline, and is not sent any more where it still waits by then. */
  #withDeadline(entry: Waiting, waiting: Waiting[]): Waiting {
    const { deadlineMs } = this.#commands
    const timer = setTimeout(
      () => {
        const at = waiting.indexOf(timed)
        if (at >= 0) waiting.splice(at, 1)
        entry.reject(new StoreTimeoutError(deadlineMs))
      },
      entry.since + deadlineMs - performance.now(),
    )
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
function loadsOf(batch: readonly Waiting[]): 'all' | readonly string[] {
  const wanted = batch.map(({ commit }) => commit.loads ?? [])
  if (wanted.includes('all')) return 'all'
  return wanted.length === 1 ? (wanted[0] ?? []) : [...new Set(wanted.flat())]
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

function pushCommit(args: (string | number)[], commit: Commit): void {
  const { mode, ttlMs, idempotencyKey, legacy, change, reads, slideMs, logs } = commit
  const head = args.push('') - 1
  const lengths: number[] = []
  let from = args.length
  const endList = () => {
    lengths.push(args.length - from)
    from = args.length
  }
  if (idempotencyKey) args.push(JSON.stringify(idempotencyKey))
  endList()
  if (legacy) args.push(legacy.text)
  endList()
  if (legacy) for (const [name, text] of legacy.fields) args.push(`:${name}`, text)
  endList()
  if (slideMs) args.push('@ttl', slideMs)
  for (const [name, text] of change.set) args.push(`:${name}`, text)
  endList()
  for (const name of change.deleted) args.push(`:${name}`)
  if (slideMs === '' && mode === 'update') args.push('@ttl')
  endList()
  for (const [name, { by, total }] of change.added) args.push(`:${name}`, by, total)
  endList()
  for (const name of reads) args.push(`:${name}`)
  endList()
  for (const [name, entries] of change.appended) {
    const length = logs.get(name) ?? entries.length
    const kept = entries.slice(-length)
    args.push(`:${name}`, length, kept.length, ...kept)
  }
  endList()
  args[head] = `${mode} ${ttlMs} ${lengths.join(' ')}`
}
