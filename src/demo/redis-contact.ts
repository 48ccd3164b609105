// Connections of the platform to its Redis.
import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'

const CONTACT_DEADLINE_MS = 3_000
/** The name of the connection by which a platform that runs is known to another one. */
const HEARTBEAT = 'redissessions-heartbeat'

/** @returns the lasting connection of a platform to its Redis; a command fails at once while that is away. */
export function heartbeatClient(url: string): Redis {
  const options = { connectionName: HEARTBEAT, retryStrategy: () => 50, enableOfflineQueue: false }
  const client = new Redis(url, options)
  return client.on('error', () => {})
}

/**
 * Connects once, without another try.
 * @throws Error where Redis doesn't answer within 3 s.
 */
export async function connectOnce<T>(url: string, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONTACT_DEADLINE_MS,
    commandTimeout: CONTACT_DEADLINE_MS,
    retryStrategy: () => null,
  })
  let reason: Error | undefined
  client.on('error', (error) => {
    reason = error
  })
  try {
    await client.connect()
    return await use(client)
  } catch (error) {
    // "Connection is closed" is all that the promise tells; why is in the event.
    throw reason ?? error
  } finally {
    client.disconnect()
  }
}

/**
 * Ends the Redis that a killed demo left behind: the data folder stays one Redis's own.
 * @throws Error where that demo still runs.
 */
export async function endLeftover(
  portFile: string,
  mark: string,
  say: (line: string) => void,
): Promise<void> {
  const port = readPort(portFile)
  if (!port) return
  await connectOnce(`redis://127.0.0.1:${port}`, async (client) => {
    const [, file] = (await client.config('GET', 'dbfilename')) as string[]
    if (file !== mark) return
    if (String(await client.client('LIST')).includes(`name=${HEARTBEAT} `)) {
      throw new RunsAlready('a demo with this data folder runs already: DEMO_DATA names another folder')
    }
    say(`a Redis of an earlier demo was still here (port ${port}): ended`)
    await client.shutdown().catch(() => {})
  }).catch((error: Error) => {
    if (error instanceof RunsAlready) throw error
  })
}

class RunsAlready extends Error {}

function readPort(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined
  } catch {
    return undefined
  }
}
