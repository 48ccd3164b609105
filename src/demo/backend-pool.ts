// The backends of the load balancer: which of them are live, and whose turn it is.
import { EventEmitter, once } from 'node:events'
import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const PROBE_EVERY_MS = 100
const PROBE_DEADLINE_MS = 1_000

/** What a request is to the counter: a visit, or anything else. */
export type RequestKind = 'visit' | 'other'

interface Backend {
  readonly port: number
  readonly removed: AbortController
  live: boolean
}

/** Whose turn it is: the ports of 127.0.0.1 in their order, without those that don't answer /readyz. */
export class BackendPool {
  readonly #cameUp = new EventEmitter().setMaxListeners(0)
  #backends: Backend[] = []
  /** Visits and other requests take turns separately, so that a page's own requests don't shift its visitor's next turn. */
  readonly #turns = { visit: 0, other: 0 }

  /** Adds a port; it gets its turn from its first good /readyz on. */
  add(port: number): void {
    this.remove(port)
    const backend = { port, removed: new AbortController(), live: false }
    this.#backends = [...this.#backends, backend].sort((a, b) => a.port - b.port)
    void this.#watch(backend)
  }

  /** Takes a port out at once. */
  remove(port: number): void {
    for (const backend of this.#backends) if (backend.port === port) backend.removed.abort()
    this.#backends = this.#backends.filter((backend) => backend.port !== port)
  }

  /** Skips a port until it answers /readyz again. */
  skip(port: number): void {
    for (const backend of this.#backends) if (backend.port === port) backend.live = false
  }

  /** @returns the next live port; where none is live it waits for one, and gives undefined at the signal. */
  async next(signal: AbortSignal, kind: RequestKind): Promise<number | undefined> {
    return this.#when(signal, () => this.#take(kind))
  }

  /** @returns whether all of these ports have come up before the signal. */
  async ready(ports: readonly number[], signal: AbortSignal): Promise<boolean> {
    const up = () =>
      ports.every((port) => this.#backends.some((backend) => backend.port === port && backend.live))
    return (await this.#when(signal, () => up() || undefined)) ?? false
  }

  async #when<T>(signal: AbortSignal, look: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      const found = look()
      if (found !== undefined || signal.aborted) return found
      await once(this.#cameUp, 'live', { signal }).catch(() => {})
    }
  }

  #take(kind: RequestKind): number | undefined {
    const backends = this.#backends
    for (let step = 0; step < backends.length; step++) {
      const turn = (this.#turns[kind] + step) % backends.length
      const backend = backends[turn]
      if (backend?.live) {
        this.#turns[kind] = turn + 1
        return backend.port
      }
    }
    return undefined
  }

  async #watch(backend: Backend): Promise<void> {
    const { signal } = backend.removed
    while (!signal.aborted) {
      const live = await answers(backend.port, signal)
      if (live && !backend.live && !signal.aborted) {
        backend.live = true
        this.#cameUp.emit('live')
      }
      backend.live = live
      await pause(PROBE_EVERY_MS, undefined, { signal }).catch(() => {})
    }
  }
}

function answers(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    // A connection of its own each time: an open idle one would hold up the graceful stop of an instance.
    const options = { host: '127.0.0.1', port, path: '/readyz', agent: false, signal }
    const request = get(options, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.setTimeout(PROBE_DEADLINE_MS, () => request.destroy())
    request.on('error', () => resolve(false))
  })
}
