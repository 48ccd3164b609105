import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { Redis, type RedisOptions } from 'ioredis'
import { NotDurableError } from './errors.js'

export interface Address {
  readonly host: string
  readonly port: number
}

/** What a Sentinel says of a replica: the fields of SENTINEL REPLICAS. */
export type Replica = Readonly<Record<string, string>>

/** What a Sentinel says of the set. */
export interface View {
  readonly primary: Address
  /** How many Sentinels there are, by what it knows. */
  readonly sentinels: number
  /** Whether it is just giving the lead to another. */
  readonly failover: boolean
  readonly replicas: readonly Replica[]
}

/**
 * Asks all Sentinels that a client knows what they hold of its set.
 * @param timeoutMs how long one that is silent is waited for.
 * @returns the views of those that answered: more than half, for no primary is replaced without one of these.
 * @throws NotDurableError where half of them or fewer answered.
 */
export async function askSentinels(options: RedisOptions, timeoutMs: number): Promise<View[]> {
  const asked = await Promise.allSettled(
    (options.sentinels ?? []).map(({ host, port }) => ask(options, { host, port }, timeoutMs)),
  )
  const views = asked.flatMap((view) => (view.status === 'fulfilled' ? [view.value] : []))
  const sentinels = Math.max(asked.length, ...views.map((view) => view.sentinels))
  if (views.length * 2 > sentinels) return views
  const refused = asked.find((view) => view.status === 'rejected')
  const why = refused ? `: ${(refused.reason as Error).message}` : ''
  throw new NotDurableError(`${views.length} of ${sentinels} Sentinels answered${why}`)
}

async function ask(
  options: RedisOptions,
  { host, port }: { host?: string | undefined; port?: number | undefined },
  timeoutMs: number,
): Promise<View> {
  const sentinel = new Redis({
    host: host ?? '127.0.0.1',
    port: port ?? 26_379,
    username: options.sentinelUsername ?? undefined,
    password: options.sentinelPassword ?? undefined,
    tls: options.sentinelTLS,
    enableReadyCheck: false,
    retryStrategy: () => null,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
  })
  sentinel.on('error', () => {})
  const name = options.name ?? ''
  try {
    const [primary, set, replicas] = await Promise.all([
      sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name) as Promise<[string, string]>,
      sentinel.call('SENTINEL', 'MASTER', name) as Promise<string[]>,
      sentinel.call('SENTINEL', 'REPLICAS', name) as Promise<string[][]>,
    ])
    const state = recordOf(set)
    return {
      primary: { host: primary[0], port: Number(primary[1]) },
      sentinels: Number(state['num-other-sentinels']) + 1,
      failover: /failover_in_progress/.test(state.flags ?? ''),
      replicas: replicas.map(recordOf),
    }
  } finally {
    sentinel.disconnect()
  }
}

function recordOf(pairs: readonly string[]): Replica {
  const record: Record<string, string> = {}
  for (let i = 0; i < pairs.length; i += 2) record[pairs[i] ?? ''] = pairs[i + 1] ?? ''
  return record
}

/** @returns whether both lead to the same server: a name is as good as the address that it has. */
export async function sameAddress(a: Address, b: Address): Promise<boolean> {
  if (a.port !== b.port) return false
  if (a.host === b.host) return true
  const [here, there] = await Promise.all([addressesOf(a.host), addressesOf(b.host)])
  return here.some((address) => there.includes(address))
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host)) return [host]
  const found = await lookup(host, { all: true }).catch(() => [])
  return found.map(({ address }) => address)
}
