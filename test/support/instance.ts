import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { atExit } from './at-exit.js'

const COUNTER = 'dist/counter/server.js'

/** A built instance as a process of its own: `node dist/counter/server.js` with this environment and free ports. */
export class InstanceProcess {
  readonly child: ChildProcess
  readonly log: string[] = []
  errors = ''
  url = ''
  metricsUrl = ''
  readonly #exit: Promise<number | null>

  private constructor(environment: Record<string, string>, program: string) {
    const { PATH = '' } = process.env
    const env = { PATH, HOST: '127.0.0.1', PORT: '0', METRICS_PORT: '0', ...environment }
    this.child = spawn(process.execPath, [program], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stderr?.on('data', (text) => {
      this.errors += text
    })
    const ended = atExit(() => this.child.kill('SIGKILL'))
    this.#exit = once(this.child, 'close').then(([code]) => {
      ended()
      return code
    })
  }

  /** Starts one, or another program that logs as it does, and waits until it listens. */
  static async start(environment: Record<string, string>, program = COUNTER): Promise<InstanceProcess> {
    const instance = new InstanceProcess(environment, program)
    await instance.line((entry) => entry.msg === 'listening', true)
    const { port, metricsPort } = JSON.parse(
      instance.log.find((line) => line.includes('"listening"')) ?? '{}',
    )
    instance.url = `http://127.0.0.1:${port}`
    instance.metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
    return instance
  }

  /** Starts one that is expected to end without a signal. */
  static async run(environment: Record<string, string>): Promise<{ code: number | null; errors: string }> {
    const instance = new InstanceProcess(environment, COUNTER)
    instance.child.stdout?.resume()
    return { code: await instance.exited(), errors: instance.errors }
  }

  /** Waits for a line of the log. */
  async line(wanted: (entry: Record<string, unknown>) => boolean, first = false): Promise<void> {
    if (this.log.some((line) => wanted(JSON.parse(line)))) return
    const { stdout } = this.child
    if (!stdout) throw new Error('no log')
    await new Promise<void>((resolve, reject) => {
      this.child.once('exit', (code) => reject(new Error(`exit ${code}: ${this.errors}`)))
      this.#watchers.add((line) => {
        if (wanted(JSON.parse(line))) resolve()
      })
      if (first) {
        createInterface(stdout).on('line', (line) => {
          this.log.push(line)
          for (const watcher of this.#watchers) watcher(line)
        })
      }
    })
  }

  readonly #watchers = new Set<(line: string) => void>()

  exited(): Promise<number | null> {
    return this.#exit
  }

  /** Ends it with this signal; returns its exit code, null for a kill. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal)
    return this.exited()
  }
}
