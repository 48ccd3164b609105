import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Chances of what happens to one chunk of bytes in either direction, from 0 to 1. */
export interface Faults {
  /** Both connections end at once. */
  reset: number
  /** It is held back for up to `delayMs`. */
  delay: number
  delayMs: number
  /** It and all after it vanish: the connection stays open and silent. */
  drop: number
}

/** A TCP proxy that is as bad as its faults. Bytes are never changed or reordered: TCP would not let them be. */
export class FaultProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(port: number, faults: Faults) {
    this.#server = createServer((client) => {
      const server = connect(port, '127.0.0.1')
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(from)
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
        from.on('error', () => to.destroy())
        pass(from, to, faults).catch(() => from.destroy())
      }
    })
  }

  static async start(port: number, faults: Faults): Promise<FaultProxy> {
    const proxy = new FaultProxy(port, faults)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`)
  }

  async stop(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }
}

async function pass(from: Socket, to: Socket, faults: Faults): Promise<void> {
  let silent = false
  for await (const chunk of from) {
    if (Math.random() < faults.reset) {
      from.resetAndDestroy()
      to.resetAndDestroy()
      return
    }
    if (Math.random() < faults.delay) await sleep(Math.random() * faults.delayMs)
    silent ||= Math.random() < faults.drop
    if (!silent) to.write(chunk)
  }
}
