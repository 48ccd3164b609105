import { EventEmitter } from 'node:events'

type Argument = string | number

interface Call {
  readonly command: readonly Argument[]
  readonly connection: object
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: unknown) => void
}

type Reply = { readonly value: unknown } | { readonly error: unknown }

/** Runs a command on the real Redis. @param connection what the command came on: another object for each connection. */
export type Server = (command: readonly Argument[], connection: object) => Promise<unknown>

/**
 * What a client does about commands that a lost connection has left unanswered: it rejects them, sends them again unasked, as
 * ioredis does by default, or does so behind the scenes, as ioredis' Cluster does when it loses a node.
 */
export type Habit = 'rejects' | 'resends' | 'cluster'

/**
 * A client of Redis, by what the store uses of ioredis, whose commands go nowhere by themselves: a schedule decides when the
 * server takes the next one, when its reply comes, and when the connection is lost, with what was under way either way.
 * On one connection commands and replies keep their order, as with TCP.
 */
export class ScheduledClient extends EventEmitter {
  readonly isCluster: boolean
  readonly status = 'ready'
  readonly options = {}
  /** Of a Cluster. */
  readonly slots = []
  readonly nodes = () => [this]
  readonly refreshSlotsCache = () => {}
  readonly #habit: Habit
  readonly #server: Server
  #connection = {}
  #sent: Call[] = []
  #taken: { readonly call: Call; readonly reply: Reply }[] = []
  /** What lost connections had sent, and the server may still take. */
  #late: Call[] = []

  constructor(server: Server, habit: Habit) {
    super()
    this.#server = server
    this.#habit = habit
    this.isCluster = habit === 'cluster'
  }

  readonly call = (...command: (Argument | readonly Argument[])[]) =>
    new Promise<unknown>((resolve, reject) => {
      this.#sent.push({ command: command.flat(), connection: this.#connection, resolve, reject })
    })
  readonly evalsha = (...args: (Argument | readonly Argument[])[]) => this.call('EVALSHA', ...args)
  readonly eval = (...args: (Argument | readonly Argument[])[]) => this.call('EVAL', ...args)
  readonly del = (...args: (Argument | readonly Argument[])[]) => this.call('DEL', ...args)
  readonly pexpire = (...args: (Argument | readonly Argument[])[]) => this.call('PEXPIRE', ...args)
  readonly duplicate = () => this
  readonly disconnect = () => {}
  readonly connect = async () => {}

  get canTake(): boolean {
    return this.#sent.length > 0
  }

  /** The name of the command that the server takes next. */
  get next(): string {
    return String(this.#sent[0]?.command[0] ?? '')
  }

  get canReply(): boolean {
    return this.#taken.length > 0
  }

  get canTakeLate(): boolean {
    return this.#late.length > 0
  }

  /** Lets the server take the next command. */
  async take(): Promise<string> {
    const call = this.#sent.shift()
    if (!call) return ''
    const reply = await this.#run(call)
    this.#taken.push({ call, reply })
    return textOf(call, reply)
  }

  /** Lets the server refuse the next command. */
  refuse(message: string): void {
    const call = this.#sent.shift()
    if (call) this.#taken.push({ call, reply: { error: new ReplyError(message) } })
  }

  /** Lets the next reply come. */
  reply(): void {
    const taken = this.#taken.shift()
    if (!taken) return
    if ('error' in taken.reply) taken.call.reject(taken.reply.error)
    else taken.call.resolve(taken.reply.value)
  }

  /** Lets the server take the next command of those that a lost connection had sent; nobody hears its reply. */
  async takeLate(): Promise<string> {
    const call = this.#late.shift()
    return call ? textOf(call, await this.#run(call)) : ''
  }

  /**
   * Loses the connection; of the commands that the server had not taken yet, so many may still reach it.
   * @param forGood whether the server is lost, so that none of the earlier ones reaches it either
   */
  cut(reaching: number, forGood = false): void {
    const unanswered = [...this.#taken.map(({ call }) => call), ...this.#sent]
    if (forGood) this.#late = []
    else this.#late.push(...this.#sent.slice(0, reaching))
    this.#taken = []
    this.#sent = []
    this.#connection = {}
    this.emit(this.isCluster ? '-node' : 'close')
    if (this.#habit === 'rejects')
      for (const { reject } of unanswered) reject(new Error('Connection is closed.'))
    else this.#sent = unanswered.map((call) => ({ ...call, connection: this.#connection }))
  }

  #run({ command, connection }: Call): Promise<Reply> {
    return this.#server(command, connection).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
  }
}

class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

function textOf({ command }: Call, reply: Reply): string {
  const [name = '', ...args] = command.map(String)
  // A script's text and hash say nothing to a reader; what it is given does.
  const shown = name.startsWith('EVAL') ? args.slice(2) : args
  const said = 'error' in reply ? `error ${(reply.error as Error).message}` : JSON.stringify(reply.value)
  return `${name} ${shown.join(' ')} → ${said}`.replaceAll('\0', ' ').slice(0, 300)
}
