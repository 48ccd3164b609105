// A process that is started again when it dies.
import type { ChildProcess } from 'node:child_process'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** A process that lived this long starts with the first pause again. */
const STEADY_MS = 5_000
const GRACE_MS = 15_000

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

interface SupervisedProcessOptions {
  /** Starts the process. */
  readonly launch: () => ChildProcess
  /**
   * Told of each end that nobody asked for, and how often in a row it ended with an error soon after its start. False: it is
   * not started again.
   */
  readonly onDeath: (ending: Ending, failedStarts: number) => boolean
  /** Ends the process at once; SIGKILL to it unless said otherwise. */
  readonly kill?: (child: ChildProcess) => void
}

/** A process that is started again when it dies: at once at first, then after ever longer pauses. */
export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions
  #child: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()
  #wanted = false
  #pauseMs = FIRST_PAUSE_MS
  #failedStarts = 0
  #again: NodeJS.Timeout | undefined

  constructor(options: SupervisedProcessOptions) {
    this.#options = options
  }

  /** Whether it is meant to run: false from stop() or halt() to the next start(). */
  get wanted(): boolean {
    return this.#wanted
  }

  start(): void {
    this.#wanted = true
    const child = this.#options.launch()
    const started = Date.now()
    this.#child = child
    this.#exited = new Promise<void>((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#child = undefined
        const steady = Date.now() - started > STEADY_MS
        if (steady) this.#pauseMs = FIRST_PAUSE_MS
        this.#failedStarts = steady || signal || code === 0 ? 0 : this.#failedStarts + 1
        resolve()
        if (this.#wanted) this.#died({ code, signal })
      }
      child.once('exit', ended)
      child.once('error', () => child.pid === undefined && ended(127, null))
    })
  }

  /** Kills it; it starts again automatically. Resolves when it has ended. */
  async kill(): Promise<void> {
    if (this.#child) (this.#options.kill ?? sigkill)(this.#child)
    await this.#exited
  }

  /** Kills it, and it stays away until start(). Resolves when it has ended. */
  async halt(): Promise<void> {
    this.#forget()
    await this.kill()
  }

  /** Asks it to end by SIGTERM, and kills it where it doesn't within 15 s. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#forget()
    const child = this.#child
    if (!child) return
    child.kill('SIGTERM')
    const impatient = setTimeout(() => void this.kill(), GRACE_MS)
    await this.#exited
    clearTimeout(impatient)
  }

  #forget(): void {
    this.#wanted = false
    clearTimeout(this.#again)
  }

  #died(ending: Ending): void {
    if (!this.#options.onDeath(ending, this.#failedStarts)) {
      this.#wanted = false
      this.#failedStarts = 0
      return
    }
    this.#again = setTimeout(() => this.start(), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

function sigkill(child: ChildProcess): void {
  child.kill('SIGKILL')
}

/** @returns how it ended, in words: "SIGKILL" or "exit code 1". */
export function inWords({ code, signal }: Ending): string {
  return signal ?? `exit code ${code}`
}
