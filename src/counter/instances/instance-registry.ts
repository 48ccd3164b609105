// Keeps the list of live instances in Redis, by heartbeats.
import type { RedisClient } from '../redis/connect.js'
import type { IndexLease } from './index-lease.js'
import type { Instance, LiveInstance } from './instance.js'
import type { Instances } from './instances.js'

const BEAT_MS = 2_000
const FAILED_BEAT_MS = 50
const EXPIRES_AFTER_MS = 5_000

// Redis' own clock, because the clocks of instances differ.
const BEAT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ${EXPIRES_AFTER_MS})
return redis.call('ZRANGE', KEYS[1], 0, -1)`

interface RegistryParts {
  readonly client: RedisClient
  readonly keyPrefix: string
  readonly instance: Instance
  /** ms since 1970 */
  readonly startedAt: number
  /** Gives this instance its index if the platform doesn't. */
  readonly lease?: IndexLease | undefined
}

/** The live instances as Redis knows them: each sends a heartbeat every 2 s and expires 5 s after the last one. */
export class InstanceRegistry implements Instances {
  readonly #client: RedisClient
  readonly #key: string
  readonly #instance: Instance
  readonly #startedAt: number
  readonly #lease: IndexLease | undefined
  /** This instance's entry in Redis; it changes with its index. */
  #entry = ''
  #timer: NodeJS.Timeout | undefined
  #last: readonly LiveInstance[] = []

  constructor({ client, keyPrefix, instance, startedAt, lease }: RegistryParts) {
    this.#client = client
    this.#key = `${keyPrefix}redissessions:instances`
    this.#instance = instance
    this.#startedAt = startedAt
    this.#lease = lease
  }

  /** Starts the heartbeats; after each one onBeat gets the error that it failed with, or nothing. */
  start(onBeat: (error?: Error) => void): void {
    const beat = async () => {
      const error = await this.#beat().then(
        () => undefined,
        (failure: Error) => failure,
      )
      onBeat(error)
      // More often after a failure, so that readiness and the page notice quickly when Redis is back.
      if (this.#timer) this.#timer = setTimeout(beat, error ? FAILED_BEAT_MS : BEAT_MS)
    }
    this.#timer = setTimeout(beat, 0)
  }

  /**
   * @returns the live instances, this one among them, by index, then id.
   * @throws the client's error if Redis doesn't answer.
   */
  async now(): Promise<readonly LiveInstance[]> {
    const old = this.#entry
    this.#entry = JSON.stringify({ ...this.#instance, startedAt: this.#startedAt })
    const members = (await this.#client.eval(BEAT, 1, this.#key, this.#entry, old)) as string[]
    const live = members.map((member) => JSON.parse(member) as LiveInstance)
    live.sort((a, b) => (a.index ?? 0) - (b.index ?? 0) || (a.id < b.id ? -1 : 1))
    this.#last = live
    return live
  }

  get last(): readonly LiveInstance[] {
    return this.#last
  }

  /** Stops, and removes this instance at once if Redis answers. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await Promise.allSettled([this.#client.zrem(this.#key, this.#entry), this.#lease?.release()])
  }

  async #beat(): Promise<void> {
    await this.#lease?.renew()
    await this.now()
  }
}
