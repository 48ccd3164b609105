import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A balancer of layer 4, as kube-proxy is one: each connection goes to the next server, and stays there. */
export interface TcpBalancer {
  readonly url: string
  /** Where connections go; may be changed. */
  ports: readonly number[]
  stop(): Promise<void>
}

export async function startTcpBalancer(ports: readonly number[]): Promise<TcpBalancer> {
  let turn = 0
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const port = balancer.ports[turn++ % balancer.ports.length] ?? 0
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.once('close', () => sockets.delete(from)).on('error', () => to.resetAndDestroy())
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const balancer: TcpBalancer = {
    url: `http://127.0.0.1:${port}`,
    ports,
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
  return balancer
}
