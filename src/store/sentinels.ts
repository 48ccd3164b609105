// What the Sentinels say of the servers that they watch.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Address, Sentinels } from './clients/client.js'
import { NotDurableError } from './errors.js'

/** What a Sentinel says of a replica: the fields of SENTINEL REPLICAS. */
export type Replica = Readonly<Record<string, string>>

/** What a Sentinel says of the set. */
export interface View {
  readonly primary: Address
  /** How many Sentinels there are, by what it knows. */
  readonly sentinels: number
  /** Whether it is just promoting another. */
  readonly failover: boolean
  readonly replicas: readonly Replica[]
}

/**
 * Asks all Sentinels that a client knows what they hold of its set.
 * @param timeoutMs how long one that is silent is waited for.
 * @returns the views of those that answered: more than half, for no primary is replaced without one of these.
 * @throws NotDurableError if half of them or fewer answered.
 */
export async function askSentinels(known: Sentinels, timeoutMs: number): Promise<View[]> {
  const asked = await Promise.allSettled(known.addresses.map((sentinel) => ask(known, sentinel, timeoutMs)))
  const views = asked.flatMap((view) => (view.status === 'fulfilled' ? [view.value] : []))
  const sentinels = Math.max(asked.length, ...views.map((view) => view.sentinels))
  if (views.length * 2 > sentinels) return views
  const refused = asked.find((view) => view.status === 'rejected')
  const why = refused ? `: ${(refused.reason as Error).message}` : ''
  throw new NotDurableError(`${views.length} of ${sentinels} Sentinels answered${why}`)
}

async function ask({ ask, set }: Sentinels, sentinel: Address, timeoutMs: number): Promise<View> {
  const [primary, state, replicas] = (await ask(
    sentinel,
    [
      ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', set],
      ['SENTINEL', 'MASTER', set],
      ['SENTINEL', 'REPLICAS', set],
    ],
    timeoutMs,
  )) as [[string, string], string[], string[][]]
  const { flags = '', 'num-other-sentinels': others } = recordOf(state)
  return {
    primary: { host: primary[0], port: Number(primary[1]) },
    sentinels: Number(others) + 1,
    failover: /failover_in_progress/.test(flags),
    replicas: replicas.map(recordOf),
  }
}

function recordOf(pairs: readonly string[]): Replica {
  const record: Record<string, string> = {}
  for (let i = 0; i < pairs.length; i += 2) record[pairs[i] ?? ''] = pairs[i + 1] ?? ''
  return record
}

/** @returns whether both are the same server: a name is as good as the address that it has. */
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
