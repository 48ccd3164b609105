// Sends operations to Redis until they are answered or their deadline is over.
import type { Argument, Script, StoreClient } from './clients/client.js'
import type { Durability } from './durability.js'
import {
  NotDurableError,
  OutcomeUnknownError,
  StoreClosedError,
  StoreError,
  StoreRefusedError,
  StoreTimeoutError,
} from './errors.js'
import { isTraced, traced } from './traces.js'

// Errors of a server that is on its way up, down, or to another role; scripts put their own words before. Redirections come
// through if the client sent several commands as one pipeline.
const TRANSIENT =
  /READONLY|LOADING|^MOVED|^ASK|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|BUSY|UNBLOCKED|Connection is closed/

/** ioredis' errors show the command that failed, the content of the session included, which is nothing for a log. */
function leaveOutArguments(error: unknown): void {
  const { command } = error as { readonly command?: { args?: unknown } }
  if (command) delete command.args
}

interface Tries {
  over: boolean
  last: unknown
}

/** What is known of the tries of a change. */
export interface Certainty {
  /** One ended without an answer: it may have been applied. */
  unanswered?: boolean
}

type Operation<T> = (byText: boolean) => Promise<T>

// Of a client that has no connection and keeps nothing until it has one: it has sent nothing.
const UNSENT = /^Stream isn't writeable|^The client is offline/

// Of a client that is used for something else: nothing that passes.
const MISUSED = /subscriber mode|monitor(ing)? mode/i

// It would be done later, or not at all.
const IN_TRANSACTION = 'the client is in a transaction (MULTI): give the store another client'

/**
 * Sends an operation until it is answered or its deadline is over, through lost connections, failovers and restarts. The
 * operation must be one that may be sent again: a read, one that leaves the same behind, or one under a mark.
 */
export class RetryingClient {
  readonly client: StoreClient
  readonly durability: Durability
  /** How long an operation may take, in ms. */
  readonly deadlineMs: number
  readonly #onRetry: (error: unknown) => void
  #pause: Promise<void> | undefined

  constructor(
    client: StoreClient,
    durability: Durability,
    deadlineMs: number,
    onRetry: (error: unknown) => void,
  ) {
    this.client = client
    this.durability = durability
    this.deadlineMs = deadlineMs
    this.#onRetry = onRetry
  }

  /** @returns when an operation that begins now must have settled, by performance.now(). */
  deadline(): number {
    return performance.now() + this.deadlineMs
  }

  /** Runs a script that changes nothing which has to be durable. @throws what run throws. */
  read(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    deadline: number,
  ): Promise<unknown> {
    return this.run((byText) => this.client.script(script, keys, args, byText), deadline)
  }

  /** Runs a script that changes its first key, and waits until that is durable. @throws what run throws. */
  write(
    script: Script,
    keys: readonly [string, ...string[]],
    args: readonly Argument[],
    deadline: number,
    certainty: Certainty = {},
  ): Promise<unknown> {
    return this.run(
      (byText) =>
        this.durability.write(keys[0], (connection) => connection.script(script, keys, args, byText)),
      deadline,
      certainty,
    )
  }

  /**
   * @param operation is told whether to send a script by its text: the server doesn't know its hash (yet, or any more).
   * @param deadline by performance.now()
   * @returns what the operation returned.
   * @throws StoreTimeoutError after the deadline; StoreRefusedError, StoreClosedError or, if an earlier try had gone without an
   *   answer, OutcomeUnknownError at once.
   */
  run<T>(operation: Operation<T>, deadline: number, certainty: Certainty = {}): Promise<T> {
    const left = deadline - performance.now()
    if (left <= 0) return Promise.reject(new StoreTimeoutError(this.deadlineMs))
    return new Promise((resolve, reject) => {
      const tries: Tries = { over: false, last: undefined }
      const timer = setTimeout(() => {
        tries.over = true
        reject(new StoreTimeoutError(this.deadlineMs, tries.last))
      }, left)
      const answered = (result: T) => {
        clearTimeout(timer)
        if (result === 'QUEUED') reject(new StoreRefusedError(new Error(IN_TRANSACTION)))
        else resolve(result)
      }
      const failed = (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      }
      operation(false).then(answered, (error: unknown) =>
        this.#again(operation, tries, certainty, error).then(answered, failed),
      )
    })
  }

  async #again<T>(operation: Operation<T>, tries: Tries, certainty: Certainty, failure: unknown): Promise<T> {
    let byText = false
    for (let error = failure; ; ) {
      leaveOutArguments(error)
      // Nothing is sent after the deadline: it could undo what came later, a destroy say.
      if (tries.over) throw error
      if (!byText && String(error).includes('NOSCRIPT')) byText = true
      else {
        if (!this.#isTransient(error)) throw this.#final(error, certainty)
        tries.last = error
        certainty.unanswered ||= !this.client.isReply(error) && !UNSENT.test((error as Error).message)
        const wait = () => this.#untilAnswering(tries)
        await (isTraced('wait') ? traced('wait', {}, wait) : wait())
        if (tries.over) throw error
        this.#onRetry(error)
      }
      try {
        return await operation(byText)
      } catch (next) {
        error = next
      }
    }
  }

  async #untilAnswering(tries: Tries): Promise<void> {
    do await this.#nextTry()
    while (!tries.over && this.client.state === 'away')
  }

  #isTransient(error: unknown): boolean {
    if (this.client.state === 'ended') return false
    if (error instanceof StoreError) return error instanceof NotDurableError
    if (MISUSED.test((error as Error).message)) return false
    if (TRANSIENT.test((error as Error).message)) return true
    // What isn't an answer of Redis is the connection's end, in the words of the socket or of the client.
    return !this.client.isReply(error) && !(error instanceof TypeError)
  }

  /** @returns the error to reject with. */
  #final(error: unknown, { unanswered }: Certainty): unknown {
    if (!(error instanceof Error)) return error
    if (unanswered) return new OutcomeUnknownError(error)
    if (error instanceof StoreError) return error
    if (MISUSED.test(error.message) || this.client.isReply(error)) return new StoreRefusedError(error)
    return this.client.state === 'ended' ? new StoreClosedError(error) : error
  }

  // One for all that wait, and not all instances at once.
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
