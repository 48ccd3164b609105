// Which replicas have to confirm a change, so that no failover loses it.
import type { Address, OwnConnection, Sentinels } from './clients/client.js'
import { NotDurableError } from './errors.js'
import { askSentinels, type Replica, sameAddress, type View } from './sentinels.js'

/** A replica as its primary sees it: by `host:port`, and up to where it has confirmed. */
interface Follower {
  readonly address: string
  readonly offset: number
}

/**
 * The replicas of a primary that might take its place, as far as is known. As in Kafka (its in-sync replicas): a change counts
 * once all of these have it, so whoever is chosen has it, and those that are away hold nothing up.
 */
interface InSync {
  /** By `host:port`. Every replica that follows is a member; only the Sentinels' answers remove one (see candidates). */
  readonly members: ReadonlySet<string>
  /** Those that the primary still lists and the Sentinels don't choose: they are members again once they confirm something. */
  readonly out: ReadonlySet<string>
}

/**
 * @param followers whom the primary lists, just after a wait that so many of them have confirmed.
 * @returns whether all that might be chosen have it, and the set with whoever has joined it.
 */
export function judge(
  { members, out }: InSync,
  followers: readonly Follower[],
  confirmed: number,
): { durable: boolean; inSync: InSync } {
  // Offsets only grow: the first so many have it, whoever they were when the wait ended.
  const least = followers.map(({ offset }) => offset).sort((a, b) => b - a)[confirmed - 1] ?? Infinity
  const having = new Set(followers.filter(({ offset }) => offset >= least).map(({ address }) => address))
  const still = new Set([...out].filter((address) => !having.has(address)))
  const joined = followers.map(({ address }) => address).filter((address) => !still.has(address))
  const all = new Set([...members, ...joined])
  const durable = [...all].every((address) => having.has(address))
  return { durable, inSync: { members: all, out: still } }
}

// In ms. A Sentinel makes a lost connection again once a second, and a replica that it promotes cuts all of them.
const SILENT_MS = 1_500

/**
 * @returns the servers that a Sentinel might promote next, or has promoted: the primary that it names, and each replica but
 *   those that it considers down, those that are not to be chosen (priority 0), and those that come behind another: an old
 *   primary counts for nothing until it follows. During a failover all of them.
 */
export function candidates({ primary, failover, replicas }: View): Address[] {
  const fit = replicas.filter((replica) => !isDown(replica) && priorityOf(replica) > 0)
  const chosen = failover ? replicas : fit.filter((replica) => !fit.some((other) => isAhead(other, replica)))
  return [primary, ...chosen.map(({ ip = '', port }) => ({ host: ip, port: Number(port) }))]
}

const isDown = ({ flags = '', 'last-ok-ping-reply': silentMs }: Replica) =>
  /[so]_down/.test(flags) && Number(silentMs) >= SILENT_MS
const priorityOf = (replica: Replica) => Number(replica['slave-priority'])
const offsetOf = (replica: Replica) => Number(replica['slave-repl-offset'])
// By how Sentinels choose. Other offsets than nothing don't tell: they were asked for a while ago.
const isAhead = (a: Replica, b: Replica) =>
  !/down|disconnected/.test(a.flags ?? '') &&
  priorityOf(a) <= priorityOf(b) &&
  offsetOf(a) > 0 &&
  offsetOf(b) === 0

// A wait for a replica that has just died lasts so long, and the Sentinels are asked so often, in ms.
const WAIT_MS = 200

/** Waits until the changes made on a connection are with all that Sentinels might make the primary. */
export class InSyncWait {
  readonly #connection: OwnConnection
  readonly #sentinels: Sentinels
  readonly #least: number
  readonly #patienceMs: number
  readonly #onMoved: () => void
  /** Of the server that is connected; unknown at first. */
  #current: { inSync: InSync | undefined } = { inSync: undefined }

  /**
   * @param connection to the primary that these Sentinels watch
   * @param least how many replicas have to have a change at least.
   * @param patienceMs how long a change is waited for.
   * @param onMoved called if the Sentinels name another primary than the one that is connected.
   */
  constructor(
    connection: OwnConnection,
    sentinels: Sentinels,
    least: number,
    patienceMs: number,
    onMoved: () => void,
  ) {
    this.#connection = connection
    this.#sentinels = sentinels
    this.#least = least
    this.#patienceMs = patienceMs
    this.#onMoved = onMoved
    connection.onLost(() => {
      this.#current = { inSync: undefined }
    })
  }

  /** @throws NotDurableError if that isn't known in time; an error of Redis. */
  async confirm(): Promise<void> {
    const current = this.#current
    const began = performance.now()
    for (let asked = false; ; asked = true) {
      const { confirmed, followers } = await this.#wait(current.inSync?.members.size ?? 0)
      const isDurable = (inSync: InSync) => {
        const judged = judge(inSync, followers, confirmed)
        current.inSync = judged.inSync
        return judged.durable && confirmed >= this.#least
      }
      if (current.inSync && isDurable(current.inSync)) return
      if (asked) await new Promise((resolve) => setTimeout(resolve, WAIT_MS / 2))
      if (isDurable(await this.#ask(followers))) return
      if (performance.now() - began > this.#patienceMs) {
        if (confirmed < this.#least) throw new NotDurableError(`confirmed by ${confirmed} of ${this.#least}`)
        const wanted = [...(current.inSync?.members ?? [])].join(', ')
        throw new NotDurableError(`confirmed by ${confirmed} replicas, not by each of ${wanted}`)
      }
    }
  }

  async #wait(members: number): Promise<{ confirmed: number; followers: Follower[] }> {
    // Written together: the roles are those of the moment after the wait. If the connection is lost in between, so is the change.
    const [confirmed, role] = await Promise.all([
      this.#connection.call('WAIT', Math.max(this.#least, members), WAIT_MS),
      this.#connection.call('ROLE'),
    ])
    const [name, , listed] = role as [string, number, [string, string, string][]]
    if (name !== 'master') throw new NotDurableError(`this server is a ${name}`)
    const followers = listed.map(([ip, port, offset]) => ({
      address: `${ip}:${port}`,
      offset: Number(offset),
    }))
    return { confirmed: Number(confirmed), followers }
  }

  /** @returns the set by what the Sentinels know now. */
  async #ask(followers: readonly Follower[]): Promise<InSync> {
    const { server } = this.#connection
    if (!server) throw new NotDurableError('the connection was lost')
    const views = await askSentinels(this.#sentinels, WAIT_MS * 2)
    const isHere = await Promise.all(views.map(({ primary }) => sameAddress(primary, server)))
    if (isHere.filter((here) => !here).length * 2 > views.length) {
      this.#onMoved()
      throw new NotDurableError('the Sentinels name another primary')
    }
    const members = new Set<string>()
    for (const candidate of views.flatMap(candidates)) {
      const name = await this.#nameOf(candidate, followers)
      if (!members.has(name) && !(await sameAddress(candidate, server))) members.add(name)
    }
    const out = new Set(followers.map(({ address }) => address).filter((address) => !members.has(address)))
    return { members, out }
  }

  /** @returns `host:port` of a server, as its primary writes it if that lists it. */
  async #nameOf({ host, port }: Address, followers: readonly Follower[]): Promise<string> {
    const name = `${host}:${port}`
    if (followers.some(({ address }) => address === name)) return name
    for (const { address } of followers) {
      const colon = address.lastIndexOf(':')
      const follower = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
      if (await sameAddress({ host, port }, follower)) return address
    }
    return name
  }
}
