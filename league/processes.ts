// Processes that are started again when they die, and what they use.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** A program with its environment, and where its output goes. */
export interface Command {
  command: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
  log: string
}

/** A process with all that it starts; it is started again when it dies, as a cluster does. */
export class Kept {
  readonly #command: Command
  readonly #pidFile: string
  readonly #pauseMs: number
  #child: ChildProcess | undefined
  #stopped = false

  /**
   * @param pidFile has its process id, which is its group's, too
   * @param pauseMs until it is started again
   */
  constructor(command: Command, pidFile: string, pauseMs: number) {
    this.#command = command
    this.#pidFile = pidFile
    this.#pauseMs = pauseMs
    process.once('exit', this.#kill)
    this.#start()
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async stop(): Promise<void> {
    this.#stopped = true
    process.off('exit', this.#kill)
    const child = this.#child
    if (!child) return
    const gone = once(child, 'close')
    this.#kill()
    await gone
  }

  #start(): void {
    const { command, cwd, env, log } = this.#command
    const [program = '', ...args] = command
    const output = openSync(log, 'a')
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    this.#child = child
    writeFileSync(this.#pidFile, String(child.pid))
    child.on('error', () => {})
    child.on('close', () => {
      this.#kill()
      this.#child = undefined
      if (!this.#stopped) setTimeout(() => this.#stopped || this.#start(), this.#pauseMs).unref()
    })
  }

  /** The whole group: servers with workers leave those behind. */
  readonly #kill = (): void => {
    const { pid } = this
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It is gone.
    }
  }
}

/** What a group of processes has used: s of processor time, and bytes of memory now, of shared pages its share. */
export interface Usage {
  cpu: number
  memory: number
}

const TICKS = 100

/** @returns what all processes of these groups use; zeros if this isn't Linux */
export function usageOf(groups: readonly (number | undefined)[]): Usage {
  const usage = { cpu: 0, memory: 0 }
  const all = process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : []
  for (const pid of all) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
      if (!groups.includes(Number(fields[2]))) continue
      usage.cpu += (Number(fields[11]) + Number(fields[12])) / TICKS
      const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
      usage.memory += Number(pss ?? 0) * 1024
    } catch {
      // It has just ended.
    }
  }
  return usage
}
