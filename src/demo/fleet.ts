// The instance processes of the demo.
import { fork } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../counter/config/environment.js'
import type { BackendPool } from './backend-pool.js'
import { portBeside } from './ports.js'
import { type Ending, inWords, SupervisedProcess } from './supervised-process.js'

const READY_DEADLINE_MS = 20_000
/** sysexits' EX_CONFIG, by which an instance says that its settings are wrong: a new start can't help. */
const BAD_SETTINGS = 78
/** So often in a row an instance may fail soon after its start; its port is taken, say. */
const MOST_FAILED_STARTS = 5
/** The build, from the sources too: an instance is always the built server. */
const BUILT = new URL('../../dist/', import.meta.url)
const SERVER = fileURLToPath(new URL('counter/server.js', BUILT))
const END_WITH_PARENT = new URL('demo/end-with-parent.js', BUILT).href

/** One instance: a process on ports that stay the same over its restarts. */
export interface LocalInstance {
  readonly index: number
  readonly port: number
  readonly metricsPort: number
}

interface RunningInstance extends LocalInstance {
  readonly process: SupervisedProcess
}

interface FleetOptions {
  readonly pool: BackendPool
  readonly logFolder: string
  readonly balancerPort: number
  /** The environment of an instance that starts now; port and index are added to it. */
  readonly environment: () => Environment
  readonly say: (line: string) => void
}

/** The instance processes; each is in the pool while it runs. */
export class Fleet {
  readonly #options: FleetOptions
  #instances: RunningInstance[] = []
  #stopped = false
  #refusal = new AbortController()

  constructor(options: FleetOptions) {
    this.#options = options
  }

  get instances(): readonly LocalInstance[] {
    return this.#instances
  }

  /** Starts or stops instances until there are as many as this. */
  async scale(count: number): Promise<void> {
    const surplus = this.#instances.splice(count)
    await Promise.all(surplus.map((instance) => this.#end(instance)))
    while (this.#instances.length < count && !this.#stopped) {
      const instance = await this.#create(this.#instances.length)
      this.#instances.push(instance)
      instance.process.start()
    }
  }

  /** Stops all gracefully, then starts all. */
  async restart(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => this.#end(instance)))
    this.#refusal = new AbortController()
    if (!this.#stopped) for (const { process } of this.#instances) process.start()
  }

  /** Kills one (SIGKILL); it starts again automatically. */
  async kill(index: number): Promise<void> {
    await this.#instances[index]?.process.kill()
  }

  /** Stops all gracefully, for good. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#instances.map((instance) => this.#end(instance)))
  }

  /**
   * Waits until all instances are ready.
   * @throws Error with an instance's last words where it refuses its settings or isn't ready within 20 s.
   */
  async ready(): Promise<void> {
    const ports = this.#instances.map(({ port }) => port)
    const { pool, logFolder } = this.#options
    const refusal = this.#refusal.signal
    const limit = AbortSignal.any([AbortSignal.timeout(READY_DEADLINE_MS), refusal])
    if (await pool.ready(ports, limit)) return
    if (refusal.aborted) throw new Error(refusal.reason)
    throw new Error(`the instances did not get ready within ${READY_DEADLINE_MS / 1000} s: see ${logFolder}`)
  }

  async #end({ port, process }: RunningInstance): Promise<void> {
    // Out of the pool first: no request is on its way to an instance that has stopped listening.
    this.#options.pool.remove(port)
    await process.stop()
  }

  async #create(index: number): Promise<RunningInstance> {
    const { pool, logFolder, balancerPort, environment } = this.#options
    const port = await portBeside(balancerPort, 'instance')
    const metricsPort = await portBeside(balancerPort, 'metrics')
    const file = logFile(logFolder, index)
    writeFileSync(file, '')
    const launch = () => {
      const log = openSync(file, 'a')
      const own = {
        HOST: '127.0.0.1',
        PORT: `${port}`,
        METRICS_PORT: `${metricsPort}`,
        CF_INSTANCE_INDEX: `${index}`,
      }
      const child = fork(SERVER, [], {
        env: { ...environment(), ...own },
        execArgv: ['--import', END_WITH_PARENT],
        stdio: ['ignore', log, log, 'ipc'],
        // Its own process group: Ctrl-C in the terminal is the platform's to handle.
        detached: true,
      })
      closeSync(log)
      child.once('exit', () => pool.remove(port))
      pool.add(port)
      return child
    }
    const instance = { index, port, metricsPort }
    return {
      ...instance,
      process: new SupervisedProcess({
        launch,
        onDeath: (end, failedStarts) => this.#died(instance, end, failedStarts),
      }),
    }
  }

  #died({ index, port }: LocalInstance, ending: Ending, failedStarts: number): boolean {
    const { pool, say, logFolder } = this.#options
    const reason = reasonOf(ending, logFile(logFolder, index))
    if (ending.code === BAD_SETTINGS) {
      this.#refusal.abort(`the instances refuse their settings: ${reason}`)
      return false
    }
    if (failedStarts >= MOST_FAILED_STARTS) {
      const line = `instance ${index} ended ${failedStarts} times in a row (${reason}): it is not started again until r`
      say(line)
      this.#refusal.abort(line)
      return false
    }
    const died = Date.now()
    say(`instance ${index} ended (${reason}): it is started again`)
    const deadline = AbortSignal.timeout(READY_DEADLINE_MS)
    void pool.ready([port], deadline).then((ready) => {
      if (ready) say(`instance ${index} is back after ${Date.now() - died} ms`)
    })
    return true
  }
}

/** @returns why an instance ended: its own last line about it, else its signal or exit code. */
function reasonOf(ending: Ending, file: string): string {
  const last = lastLine(file)
  const own = /^redissessions: (.*)/.exec(last)?.[1]
  if (own) return own
  if (ending.signal || ending.code === 0) return inWords(ending)
  return `${inWords(ending)}, see ${file}`
}

function logFile(folder: string, index: number): string {
  return join(folder, `instance-${index}.log`)
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? ''
}
