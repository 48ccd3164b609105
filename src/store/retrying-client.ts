import type { Cluster, Redis } from 'ioredis'
import { NotDurableError, OutcomeUnknownError, StoreTimeoutError } from './errors.js'
import type { Script } from './scripts.js'

/** A client of ioredis, as the user made it. */
export type Client = Redis | Cluster

/** @returns a client for each primary; none while a Cluster isn't known yet. */
export function primariesOf(client: Client): Redis[] {
  return client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]
}

// Errors of a server that is on its way up, down, or to another role; scripts put their own words before. Redirections come
// through where ioredis sent several commands as one pipeline.
const PASSING =
  /READONLY|LOADING|^MOVED|^ASK|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|BUSY|UNBLOCKED|Connection is closed/

interface Tries {
  over: boolean
  last: unknown
  /** One ended without an answer: it may have been applied. */
  unanswered: boolean
}

/**
 * Sends an operation until it is answered or the deadline is over, through lost connections, failovers and restarts. The
 * operation must be one that may be sent again: a read, one that leaves the same behind, or one under a mark.
 */
export class RedisCommands {
  readonly client: Client
  /** How long an operation may take, in ms. */
  readonly deadlineMs: number
  readonly #onRetry: (error: unknown) => void
  #pause: Promise<void> | undefined

  constructor(client: Client, deadlineMs: number, onRetry: (error: unknown) => void) {
    this.client = client
    this.deadlineMs = deadlineMs
    this.#onRetry = onRetry
  }

  /**
   * @param since when the caller began to wait, by performance.now(): the deadline counts from then.
   * @returns what the operation returned.
   * @throws OutcomeUnknownError, StoreTimeoutError after the deadline; an error of Redis that trying again doesn't heal, at once.
   */
  run<T>(operation: (client: Client) => Promise<T>, since = performance.now()): Promise<T> {
    return new Promise((resolve, reject) => {
      const tries: Tries = { over: false, last: undefined, unanswered: false }
      const deadline = setTimeout(
        () => {
          tries.over = true
          reject(new StoreTimeoutError(this.deadlineMs, tries.last))
        },
        since + this.deadlineMs - performance.now(),
      )
      const answered = (result: T) => {
        clearTimeout(deadline)
        resolve(result)
      }
      const failed = (error: unknown) => {
        clearTimeout(deadline)
        reject(error)
      }
      operation(this.client).then(answered, (error: unknown) =>
        this.#again(operation, tries, error).then(answered, failed),
      )
    })
  }

  /** Runs a script: by its hash, or with its text where the server doesn't know it (yet, or any more). */
  script(client: Client, { sha, lua }: Script, keys: string[], args: (string | number)[]): Promise<unknown> {
    return client.evalsha(sha, keys.length, ...keys, ...args).catch((error: unknown) => {
      if (!String(error).includes('NOSCRIPT')) throw error
      return client.eval(lua, keys.length, ...keys, ...args)
    })
  }

  async #again<T>(operation: (client: Client) => Promise<T>, tries: Tries, failure: unknown): Promise<T> {
    for (let error = failure; ; ) {
      if (tries.over || !this.#mayPass(error)) {
        throw tries.unanswered ? new OutcomeUnknownError((error as Error).message, { cause: error }) : error
      }
      tries.last = error
      tries.unanswered ||= (error as Error).name !== 'ReplyError'
      do await this.#nextTry()
      while (!tries.over && this.client.status !== 'ready' && this.client.status !== 'end')
      if (tries.over) throw error
      this.#onRetry(error)
      try {
        return await operation(this.client)
      } catch (next) {
        error = next
      }
    }
  }

  #mayPass(error: unknown): boolean {
    if (this.client.status === 'end') return false
    if (error instanceof NotDurableError) return true
    const { name, message } = error as Error
    // What isn't an answer of Redis is the connection's end, in the words of the socket or of ioredis.
    return PASSING.test(message) || (name !== 'ReplyError' && !(error instanceof TypeError))
  }

  // One for all that wait, and not all replicas at once.
  #nextTry(): Promise<void> {
    this.#pause ??= new Promise((resolve) => {
      setTimeout(
        () => {
          this.#pause = undefined
          resolve()
        },
        10 + Math.random() * 30,
      )
    })
    return this.#pause
  }
}
