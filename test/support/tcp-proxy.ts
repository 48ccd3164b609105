import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * What becomes of a chunk of bytes: it passes, it vanishes, it and all that follows it this way on this connection vanish, or
 * the connection ends, for both sides: in good manners or by a reset.
 */
export type Fate = 'pass' | 'lose' | 'silence' | 'cut' | 'reset'
/** Decides of each chunk; while it has not, those behind wait. */
export type Rule = (chunk: Buffer) => Fate | Promise<Fate>

/** A TCP proxy that is as bad as its rules. Bytes are never changed or reordered: TCP would not let them be. */
export class TcpProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** For what goes to the server. */
  there: Rule = () => 'pass'
  /** For what the server answers. */
  back: Rule = () => 'pass'

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const server = connect(port, '127.0.0.1')
      void this.#pass(client, server, (chunk) => this.there(chunk))
      void this.#pass(server, client, (chunk) => this.back(chunk))
    })
  }

  /** Starts one before this port of 127.0.0.1. */
  static async start(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends every connection that is open. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Ends every connection that is open, with what is under way on it. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }

  async #pass(from: Socket, to: Socket, rule: Rule): Promise<void> {
    this.#sockets.add(from)
    from.once('close', () => this.#sockets.delete(from)).on('error', () => {})
    let silent = false
    try {
      for await (const chunk of from) {
        const fate: Fate = silent ? 'lose' : await rule(chunk)
        if (fate === 'cut') break
        if (fate === 'reset') {
          from.resetAndDestroy()
          to.resetAndDestroy()
        }
        silent ||= fate === 'silence'
        if (fate === 'pass') to.write(chunk)
      }
    } catch {
      // It broke: so does the other side.
    }
    from.destroy()
    to.destroySoon()
  }
}
