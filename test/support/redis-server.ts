import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { redisServer } from '../../src/demo/redis-program.js'
import { atExit } from './at-exit.js'
import { freePort } from './free-port.js'

/** @returns the path of Redis (REDIS_SERVER names the program, for other versions), which can be a Sentinel too. */
export function redisProgram(): string {
  const program = process.env.REDIS_SERVER ?? redisServer()
  if (!program) throw new Error('no redis-server here: npm test installs it')
  return program
}

// Past its limit a file can't grow; who ignores the signal of it is told so by the write, as by one to a full disk.
const WITH_FULL_DISK = `trap '' XFSZ; exec "$0" "$@"`

/** A real Redis of a test's own: a free port, a folder that goes away with it, and the means to hurt it. */
export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'redissessions-'))
  readonly #args: readonly string[]
  #process: ChildProcess | undefined
  readonly #stopped = atExit(() => {
    this.#process?.kill('SIGKILL')
    this.#removeData()
  })
  readonly port: number

  private constructor(port: number, args: readonly string[]) {
    this.port = port
    this.#args = args
  }

  /** Starts a Redis with further arguments. */
  static async start(...args: string[]): Promise<RedisServer> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await RedisServer.startOn(await freePort(), ...args)
      } catch (error) {
        // A port that was free a moment ago, or the one 10,000 above that a Cluster's node takes, too, may be another's by now.
        if (tries === 10) throw error
      }
    }
  }

  static async startOn(port: number, ...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(port, args)
    try {
      await server.start()
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get folder(): string {
    return this.#folder
  }

  /** Starts it (again) on its port with its data; returns when it answers. @throws Error where it ends instead. */
  async start(): Promise<void> {
    const own = ['--port', `${this.port}`, '--dir', this.#folder, '--bind', '127.0.0.1', '--save', '']
    const running = spawn('sh', ['-c', WITH_FULL_DISK, redisProgram(), ...own, ...this.#args], {
      stdio: 'ignore',
    })
    this.#process = running
    const client = new Redis(this.port, '127.0.0.1', {
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
    })
    client.on('error', () => {})
    const ended = this.ended().then(() => {
      throw new Error(
        `redis-server on port ${this.port} ended with ${running.exitCode ?? running.signalCode}`,
      )
    })
    // It ends in any case, some day.
    ended.catch(() => {})
    try {
      for (;;) {
        const answer = await Promise.race([client.info().catch((error: Error) => error.message), ended])
        // With a password it says nothing but NOAUTH.
        if (/^(NOAUTH|NOPERM|WRONGPASS)/.test(answer)) return
        // A port that was free a moment ago may be another server's, which answers until this one has ended.
        const isOwn = answer.includes(`process_id:${running.pid}\r`)
        if (isOwn && !answer.includes('loading:1')) return
      }
    } finally {
      client.disconnect()
    }
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Freezes it: connections stay open and nothing answers. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Takes all room from its files, as a full disk does; without the rights of root. Linux only. */
  fillDisk(): void {
    this.#limitFiles('1')
  }

  makeRoom(): void {
    this.#limitFiles('unlimited')
  }

  /** Waits until it ends without a signal. */
  async ended(): Promise<void> {
    const running = this.#process
    if (running && running.exitCode === null && running.signalCode === null) await once(running, 'exit')
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.#end('SIGKILL')
    this.#removeData()
    this.#stopped()
  }

  #removeData(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = this.ended()
    this.#process?.kill(signal)
    await ended
  }

  #limitFiles(bytes: string): void {
    // The soft limit, which may be raised again.
    execFileSync('prlimit', [`--pid=${this.#process?.pid}`, `--fsize=${bytes}:`])
  }
}
