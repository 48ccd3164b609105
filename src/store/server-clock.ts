// What time it is for Redis, so that no script has to ask.
import type { StoreClient } from './clients/client.js'

const ASKED_EVERY_MS = 60_000

/** Redis' clock, asked once a minute. The marks of commits are as old as it says. */
export class ServerClock {
  readonly #client: StoreClient
  /** s to add to performance.now() */
  #offset: number | undefined
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(client: StoreClient) {
    this.#client = client
  }

  /** @returns s since 1970, as a whole number; undefined until Redis has said it. */
  now(): number | undefined {
    const now = performance.now()
    if (now - this.#askedAt > ASKED_EVERY_MS) {
      this.#askedAt = now
      void this.#ask()
    }
    return this.#offset === undefined ? undefined : Math.floor(now / 1000 + this.#offset)
  }

  async #ask(): Promise<void> {
    try {
      const reply = await this.#client.primaries()[0]?.call('TIME')
      const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : []
      if (seconds) this.#offset = seconds + (microseconds ?? 0) / 1e6 - performance.now() / 1000
    } catch {
      // Until it answers, scripts ask it themselves.
    }
  }
}
