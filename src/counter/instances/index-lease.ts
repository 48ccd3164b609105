// Gives instances their indexes on a platform that doesn't number them (a Kubernetes Deployment).
import type { RedisClient } from '../redis/connect.js'
import type { Instance } from './instance.js'

const EXPIRES_AFTER_MS = 5_000

/** An instance that gets its index by a lease, and may get another. */
export interface Numbered extends Omit<Instance, 'index'> {
  index: Instance['index']
}

// A hash of index → "expiry id". With n others the indexes are 0 to n: an instance whose index is above n has a gap below it,
// and moves into the gap. Redis' own clock, because the clocks of instances differ.
const RENEW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local held = redis.call('HGETALL', KEYS[1])
local taken, others, own = {}, 0, nil
for i = 1, #held, 2 do
  local index = tonumber(held[i])
  local expiry, id = string.match(held[i + 1], '^(%d+) (.*)$')
  if id == ARGV[1] then own = index
  elseif tonumber(expiry) < now then redis.call('HDEL', KEYS[1], index)
  else taken[index] = true; others = others + 1 end
end
if not own or own > others then
  if own then redis.call('HDEL', KEYS[1], own) end
  own = 0
  while taken[own] do own = own + 1 end
end
redis.call('HSET', KEYS[1], own, string.format('%d %s', now + ${EXPIRES_AFTER_MS}, ARGV[1]))
redis.call('PEXPIRE', KEYS[1], ${EXPIRES_AFTER_MS})
return own`

/**
 * n live instances of a group have the indexes 0 to n - 1. Each keeps its index while it is alive; only one above a gap moves,
 * into the gap. A group is one version of the app: on Cloud Foundry, too, the new instances of a rolling push start at 0
 * while the old ones still run.
 */
export class IndexLease {
  readonly #client: RedisClient
  readonly #key: string
  readonly #instance: Numbered

  constructor(client: RedisClient, key: string, instance: Numbered) {
    this.#client = client
    this.#key = key
    this.#instance = instance
  }

  /** Takes or keeps an index for the next 5 s, and sets it on the instance. */
  async renew(): Promise<void> {
    this.#instance.index = Number(await this.#client.eval(RENEW, 1, this.#key, this.#instance.id))
  }

  async release(): Promise<void> {
    const { index } = this.#instance
    if (index !== null) await this.#client.hdel(this.#key, String(index))
  }
}
