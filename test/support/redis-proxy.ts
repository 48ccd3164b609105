import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Stands between a client and Redis, and loses what Redis answered: it has the command, the client doesn't know. */
export class RedisProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Decides of each chunk that Redis sends whether it is lost, and the connection with it. */
  loses: (reply: Buffer) => boolean = () => false
  /** Called before a connection is cut for a lost reply. */
  onLoss: () => void = () => {}
  losses = 0

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const redis = connect(port, '127.0.0.1')
      for (const socket of [client, redis]) {
        this.#sockets.add(socket)
        socket.on('error', () => {})
        socket.once('close', () => {
          this.#sockets.delete(socket)
          client.destroy()
          redis.destroy()
        })
      }
      client.pipe(redis)
      redis.on('data', (reply) => {
        if (!this.loses(reply)) {
          client.write(reply)
          return
        }
        this.losses += 1
        this.onLoss()
        client.destroy()
      })
    })
  }

  static async start(port: number): Promise<RedisProxy> {
    const proxy = new RedisProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Cuts every connection that is open. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  stop(): void {
    this.#server.close()
    this.cut()
  }
}
