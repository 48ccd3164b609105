// A client of node-redis that is connected to nothing, and says what it is told to: for what the real one does at random only.
import { EventEmitter } from 'node:events'

export type Answer = (args: string[]) => unknown

/** As createClient makes one, and its duplicates. */
export class FakeNode extends EventEmitter {
  readonly options: Readonly<Record<string, unknown>>
  readonly answer: Answer
  readonly sent: { args: string[]; options: unknown }[] = []
  readonly duplicates: FakeNode[] = []
  isOpen = false
  isReady = false
  destroyed = 0
  /** What becomes of connect(). */
  connects: () => Promise<void> = async () => {}

  constructor(answer: Answer = () => 'OK', options: Readonly<Record<string, unknown>> = {}) {
    super()
    this.answer = answer
    this.options = options
  }

  async sendCommand(args: string[], options?: object): Promise<unknown> {
    this.sent.push({ args, options })
    return this.answer(args)
  }

  duplicate(overrides: Readonly<Record<string, unknown>> = {}): FakeNode {
    const made = new FakeNode(this.answer, { ...this.options, ...overrides })
    made.connects = this.connects
    this.duplicates.push(made)
    return made
  }

  async connect(): Promise<void> {
    this.isOpen = true
    await this.connects()
    this.isReady = true
  }

  destroy(): void {
    this.destroyed += 1
    this.isOpen = false
    this.isReady = false
  }
}

/** As createSentinel of version 6 makes one: it sends a command again if it failed. */
export class FakeSentinel extends EventEmitter {
  readonly node: FakeNode
  readonly options: object
  readonly executed: boolean[] = []
  isOpen = true
  isReady = true

  constructor(node: FakeNode, options: object) {
    super()
    this.node = node
    this.options = options
  }

  get _self(): this {
    return this
  }

  sendCommand(): never {
    throw new Error('it would be sent again')
  }

  getMasterNode(): void {}
  destroy(): void {}

  async _execute(isReadonly: boolean, work: (node: FakeNode) => Promise<unknown>): Promise<unknown> {
    this.executed.push(isReadonly)
    return work(this.node).catch(() => work(this.node))
  }

  duplicate(): unknown {
    const { constructor: Made } = Object.getPrototypeOf(this) as {
      constructor: new (made: object) => unknown
    }
    return new Made({ ...this._self.options })
  }
}

/** As createSentinel of version 5 makes one: nobody learns its options. */
export class FakeSentinel5 extends FakeSentinel {
  override duplicate = undefined as never
}
