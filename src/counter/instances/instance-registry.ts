import type { RedisClient } from '../redis/connect.js'
import type { IndexLease } from './index-lease.js'
import type { Instance, LiveInstance } from './instance.js'
import type { Replicas } from './instances.js'

const KEY = 'redissessions:instances'
const BEAT_MS = 2_000
const UNHEARD_BEAT_MS = 50
const GONE_AFTER_MS = 5_000

// Redis' own clock, so that clocks of replicas that differ don't matter.
const BEAT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ${GONE_AFTER_MS})
return redis.call('ZRANGE', KEYS[1], 0, -1)`

/** The replicas as Redis knows them: each says every 2 s that it lives, and is gone 5 s after its last word. */
export class Registry implements Replicas {
  readonly #client: RedisClient
  readonly #instance: Instance
  readonly #startedAt: number
  readonly #lease: IndexLease | undefined
  /** What Redis has of this instance: another text once its index has changed. */
  #entry = ''
  #timer: NodeJS.Timeout | undefined
  #last: readonly LiveInstance[] = []

  /** A lease gives this instance its index, where the platform doesn't. */
  constructor(client: RedisClient, instance: Instance, startedAt: number, lease?: IndexLease) {
    this.#client = client
    this.#instance = instance
    this.#startedAt = startedAt
    this.#lease = lease
  }

  /** Starts to say that this instance lives; onBeat hears after each time why Redis didn't hear it, or nothing. */
  start(onBeat: (error?: Error) => void): void {
    const beat = async () => {
      const error = await this.#beat().then(
        () => undefined,
        (failure: Error) => failure,
      )
      onBeat(error)
      // More often while it wasn't heard, so that readiness and the picture follow Redis quickly.
      if (this.#timer) this.#timer = setTimeout(beat, error ? UNHEARD_BEAT_MS : BEAT_MS)
    }
    this.#timer = setTimeout(beat, 0)
  }

  /**
   * @returns the live replicas, this one among them, by index, then id.
   * @throws the client's error where Redis doesn't answer.
   */
  async now(): Promise<readonly LiveInstance[]> {
    const old = this.#entry
    this.#entry = JSON.stringify({ ...this.#instance, startedAt: this.#startedAt })
    const members = (await this.#client.eval(BEAT, 1, KEY, this.#entry, old)) as string[]
    const live = members.map((member) => JSON.parse(member) as LiveInstance)
    live.sort((a, b) => (a.index ?? 0) - (b.index ?? 0) || (a.id < b.id ? -1 : 1))
    this.#last = live
    return live
  }

  get last(): readonly LiveInstance[] {
    return this.#last
  }

  /** Stops, and takes this instance out at once where Redis answers. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await Promise.allSettled([this.#client.zrem(KEY, this.#entry), this.#lease?.release()])
  }

  async #beat(): Promise<void> {
    await this.#lease?.renew()
    await this.now()
  }
}
