import type { Redis } from 'ioredis'

// With all commands of a turn in one write this process would idle while Redis works on them, and Redis while this process does.
const WRITTEN_TOGETHER = 16

/**
 * One write for what many requests send in the same turn of the event loop; at half the cost of ioredis' auto-pipelining, which
 * in a Cluster fails what is redirected together with others that are not.
 */
export function gatherWrites(client: Redis): Redis {
  const send = client.sendCommand.bind(client)
  const disconnect = client.disconnect.bind(client)
  let [socket, gathered, commands] = [client.stream, '', 0]
  const flush = () => {
    // What a connection that has ended was to get, the client fails or sends again.
    if (gathered && socket.writable) socket.write(gathered)
    gathered = ''
    commands = 0
  }
  // To the client it is one of its pipelines.
  const gatherer = {
    isPipeline: true,
    destination: { redis: client },
    write(command: string | Buffer) {
      if (typeof command !== 'string' || socket !== client.stream) flush()
      socket = client.stream
      if (typeof command !== 'string') return socket.write(command)
      if (commands === 0) setImmediate(flush)
      gathered += command
      commands += 1
      if (commands === WRITTEN_TOGETHER) flush()
    },
  } as const
  client.sendCommand = (command, stream) => {
    // Replies come in the order of the commands: a pipeline of its own waits for what was sent before it.
    if (stream && stream !== gatherer) flush()
    return send(command, stream ?? (client.status === 'ready' ? gatherer : undefined))
  }
  // It ends the connection in order: what was sent before is still answered.
  client.disconnect = (reconnect) => {
    flush()
    disconnect(reconnect)
  }
  return client
}

/** The store's second connection, too, where it waits for replicas or the disk. In a Cluster `+node` hears of that one. */
export function gatherAllWrites(client: Redis): Redis {
  const duplicate = client.duplicate.bind(client)
  client.duplicate = (override) => gatherAllWrites(duplicate(override))
  return gatherWrites(client)
}
