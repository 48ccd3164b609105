import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CookieJar } from '../support/browser.js'
import { freePort } from '../support/free-port.js'

let dataFolder: string
const demos: Demo[] = []

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'redissessions-demo-'))
})
afterEach(async () => {
  for (const demo of demos.splice(0)) await demo.end('SIGTERM')
  rmSync(dataFolder, { recursive: true, force: true })
})

/** The demo as a person starts it, with a pipe for a keyboard. */
class Demo {
  readonly process: ChildProcess
  readonly url: string
  #output = ''

  constructor(port: number, environment: Record<string, string> = {}) {
    const { SESSION_STORE: _, REDIS_URL: __, ...inherited } = process.env
    this.url = `http://127.0.0.1:${port}/`
    this.process = spawn(process.execPath, ['dist/demo/demo.js'], {
      env: { ...inherited, DEMO_PORT: `${port}`, DEMO_DATA: dataFolder, ...environment },
    })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
    demos.push(this)
  }

  static async start(environment?: Record<string, string>): Promise<Demo> {
    const demo = new Demo(await freePort(), environment)
    await demo.says(`logs in ${join(dataFolder, 'logs')}`)
    return demo
  }

  get output(): string {
    return this.#output
  }

  /** The ports of everything that it runs. */
  get ports(): number[] {
    const rows = this.#output.match(/^ +(Instances|Metrics|Redis) .*$/gm) ?? []
    return rows.flatMap((row) => row.match(/\d{4,5}/g) ?? []).map(Number)
  }

  /** The processes that it started: pid and program. */
  get children(): { pid: number; program: string }[] {
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' })
    return table
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent, program]) => Number(parent) === this.process.pid && program !== 'ps')
      .map(([pid, , program = '']) => ({ pid: Number(pid), program }))
  }

  /** Waits for these words, once. */
  async says(words: string): Promise<void> {
    while (!this.#output.includes(words)) {
      if (this.process.exitCode !== null) throw new Error(`the demo ended: ${this.#output}`)
      await pause(20)
    }
    this.#output = this.#output.replace(words, '')
  }

  /** Presses a key and waits for the line that tells what happened. */
  async press(key: string, words: string): Promise<void> {
    this.process.stdin?.write(key)
    await this.says(words)
  }

  async end(how: NodeJS.Signals | 'q'): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exit = once(this.process, 'exit')
      if (how === 'q') this.process.stdin?.write('q')
      else this.process.kill(how)
      await exit
    }
    return this.process.exitCode
  }
}

interface Visited {
  visits: number
  instance: { index: number }
  store: string
}
const visit = (browser: CookieJar, { url }: Demo) => browser.json<Visited>(url)

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return open
}

/** Takes a port, if it is free. */
async function listening(server: Server, port: number): Promise<boolean> {
  server.listen(port, '127.0.0.1')
  return once(server, 'listening').then(
    () => true,
    () => false,
  )
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function killInstances({ children }: Demo): void {
  for (const { pid, program } of children)
    if (!/redis|valkey/.test(program) && lives(pid)) process.kill(pid, 'SIGKILL')
}

describe('npm run demo', { timeout: 90_000 }, () => {
  it('counts over 4 instances, and goes on after r, k, d, d, and a new start of everything', async () => {
    const demo = await Demo.start()
    const browser = new CookieJar()
    const seen = []
    for (let turn = 1; turn <= 8; turn++) seen.push(await visit(browser, demo))
    expect(seen.map(({ visits }) => visits)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(new Set(seen.map(({ instance }) => instance.index))).toEqual(new Set([0, 1, 2, 3]))

    await demo.press('r', 'restarted all instances')
    expect((await visit(browser, demo)).visits).toBe(9)
    await demo.press('k', 'is back after')
    expect((await visit(browser, demo)).visits).toBe(10)
    await demo.press('d', 'Redis is killed')
    await demo.press('d', 'Redis is back')
    expect((await visit(browser, demo)).visits).toBe(11)

    const { children, ports } = demo
    expect(children).toHaveLength(5)
    expect(ports).toHaveLength(9)
    expect(await demo.end('q')).toBe(0)
    expect(children.filter(({ pid }) => lives(pid))).toEqual([])
    expect(await Promise.all(ports.map(listens))).not.toContain(true)

    expect(statSync(join(dataFolder, 'session-secret')).mode & 0o777).toBe(0o600)
    const again = await Demo.start()
    expect((await visit(browser, again)).visits).toBe(12)
    expect(await again.end('SIGTERM')).toBe(0)
  })

  it('fails no request while all instances restart', async () => {
    const demo = await Demo.start({ DEMO_INSTANCES: '2' })
    let done = false
    const visitor = async () => {
      const browser = new CookieJar()
      let visits = 0
      while (!done || visits < 3) expect((await visit(browser, demo)).visits).toBe(++visits)
    }
    const visitors = Promise.all([visitor(), visitor(), visitor(), visitor()])
    await demo.press('r', 'restarted all instances')
    await demo.press('r', 'restarted all instances')
    done = true
    await visitors
  })

  it('switches the store; memory counts in each instance', async () => {
    const demo = await Demo.start({ DEMO_INSTANCES: '2', SESSION_STORE: 'connect-redis' })
    await demo.press('s', 'the store is now memory')
    const browser = new CookieJar()
    const [first, second] = [await visit(browser, demo), await visit(browser, demo)]
    expect([first, second]).toMatchObject([
      { store: 'memory', visits: 1 },
      { store: 'memory', visits: 1 },
    ])
    expect(first.instance.index).not.toBe(second.instance.index)
  })

  it('answers a key at once, and an unknown one with the keys', async () => {
    const demo = await Demo.start({ DEMO_INSTANCES: '2' })
    expect(demo.output).not.toContain('Keys')
    await demo.press('?', 'Keys       r restart all instances, k kill one')
    await demo.press('x', 'q quit')
    await demo.press('r', 'restarting all 2 instances; requests wait…')
    await demo.says('restarted all instances')
    await demo.press('s', 'the store is now connect-redis')
    await demo.says('each browser starts a new one')
  })

  it('gives up an instance whose port was taken during a restart, with the reason, until r', async () => {
    const demo = await Demo.start({ DEMO_INSTANCES: '1' })
    const [port = 0] = demo.ports
    const taken = createServer()
    while (!(await listening(taken, port))) if (await listens(port)) killInstances(demo)
    await demo.says(`ended (port ${port} is taken`)
    await demo.says('instance 0 ended 5 times in a row')
    taken.close()
    await demo.press('r', 'restarted all instances')
    expect((await visit(new CookieJar(), demo)).visits).toBe(1)
  })

  it('restarts a Redis that died by itself', async () => {
    const demo = await Demo.start({ DEMO_INSTANCES: '1' })
    const browser = new CookieJar()
    await visit(browser, demo)
    const redis = demo.children.find(({ program }) => /redis|valkey/.test(program))
    process.kill(Number(redis?.pid), 'SIGKILL')
    await demo.says('Redis is back')
    expect((await visit(browser, demo)).visits).toBe(2)
  })

  it('leaves no instance behind when it is killed, and ends its old Redis at the next start', async () => {
    const demo = await Demo.start({ DEMO_INSTANCES: '2' })
    const browser = new CookieJar()
    await visit(browser, demo)
    await demo.end('SIGKILL')
    const instances = demo.ports.slice(0, 4)
    while ((await Promise.all(instances.map(listens))).includes(true)) await pause(20)

    const next = await Demo.start({ DEMO_INSTANCES: '2' })
    await next.says('a Redis of an earlier demo was still here')
    expect((await visit(browser, next)).visits).toBe(2)
  })

  it('leaves the data folder of a running demo alone', async () => {
    const demo = await Demo.start({ DEMO_INSTANCES: '1' })
    const second = new Demo(await freePort())
    await once(second.process, 'exit')
    expect(second.process.exitCode).toBe(1)
    expect(second.output).toContain('DEMO_DATA')
    expect((await visit(new CookieJar(), demo)).visits).toBe(1)
  })

  it('says in one line that its port is taken, or a setting wrong', async () => {
    const taken = createServer()
    const port = await freePort()
    await once(taken.listen(port, '127.0.0.1'), 'listening')
    const outcomes = [
      [{}, 1, `port ${port} is taken: choose another with DEMO_PORT`],
      [
        { DEMO_INSTANCES: 'many' },
        78,
        'DEMO_INSTANCES: "many" is not accepted; expected a whole number from 1 to 16',
      ],
      [{ REDIS_NODES: 'a:6379' }, 78, 'REDIS_NODES: the demo knows no such Redis; expected REDIS_URL'],
      [{ SESSION_STORE: 'disk' }, 78, 'SESSION_STORE: "disk" is not accepted'],
    ] as const
    for (const [environment, code, words] of outcomes) {
      const demo = new Demo(port, environment)
      await once(demo.process, 'close')
      expect([demo.process.exitCode, demo.output]).toEqual([code, expect.stringContaining(words)])
      expect(
        demo.output
          .trim()
          .split('\n')
          .filter((line) => !line.startsWith('RedisSessions')),
      ).toHaveLength(1)
    }
    taken.close()
  })
})
