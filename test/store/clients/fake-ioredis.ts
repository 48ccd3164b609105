// A client of ioredis that is connected to nothing, and says what it is told to: for what the real one does at random only.
import { EventEmitter } from 'node:events'

export type Answer = (command: string, args: readonly unknown[]) => unknown

/** What a socket is told, in order: "cork", "uncork", and the commands that are written. */
export class FakeSocket {
  readonly log: string[] = []
  writable = true
  remoteAddress: string | undefined = '10.0.0.1'
  remotePort: number | undefined = 6379

  cork(): void {
    this.log.push('cork')
  }

  uncork(): void {
    this.log.push('uncork')
  }
}

/** As `new Redis()` makes one, and its duplicates. */
export class FakeIoredis extends EventEmitter {
  readonly options: Readonly<Record<string, unknown>>
  readonly answer: Answer
  readonly sent: unknown[][] = []
  readonly duplicates: FakeIoredis[] = []
  /** What disconnect was called with. */
  readonly disconnects: unknown[] = []
  readonly isCluster: boolean = false
  stream: FakeSocket | undefined = new FakeSocket()
  status = 'ready'
  connects = 0

  constructor(answer: Answer = () => 'OK', options: Readonly<Record<string, unknown>> = {}) {
    super()
    this.answer = answer
    this.options = options
  }

  async evalsha(...args: readonly unknown[]): Promise<unknown> {
    return this.#send('evalsha', args)
  }

  async eval(...args: readonly unknown[]): Promise<unknown> {
    return this.#send('eval', args)
  }

  async call(command: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#send(command, args)
  }

  duplicate(override: Readonly<Record<string, unknown>> = {}): FakeIoredis {
    const made = new FakeIoredis(this.answer, { ...this.options, ...override })
    this.duplicates.push(made)
    return made
  }

  async connect(): Promise<void> {
    this.connects += 1
  }

  disconnect(reconnect?: boolean): void {
    this.disconnects.push(reconnect)
  }

  #send(command: string, args: readonly unknown[]): unknown {
    this.sent.push([command, ...args])
    this.stream?.log.push(command)
    return this.answer(command, args)
  }
}

/** As `new Cluster()` makes one. */
export class FakeIoredisCluster extends FakeIoredis {
  override readonly isCluster = true
  override stream = undefined
  primaries: FakeIoredis[] = []
  readonly slots: (string[] | undefined)[] = []
  /** Which nodes were asked for. */
  readonly asked: string[] = []
  refreshed = 0

  nodes(role: string): FakeIoredis[] {
    this.asked.push(role)
    return this.primaries
  }

  refreshSlotsCache(): void {
    this.refreshed += 1
  }
}
