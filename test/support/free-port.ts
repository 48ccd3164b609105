import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

/** @returns a TCP port of 127.0.0.1 that nothing listens on. Another program may be given it before it is used. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * @returns a TCP port of 127.0.0.1 that refuses connections until this process ends. It is the near end of a connection: no program
 * is given it to listen on.
 */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').unref()
  await once(socket, 'connect')
  return socket.localPort ?? 0
}
