// Which sessions this process extended a moment ago, so that a load needn't extend them again.

/** By how much a session was extended, in ms, and when, by performance.now(). */
interface Extension {
  readonly ms: number
  readonly at: number
  /** The client's connections by then: what a server did last may be lost with it. */
  readonly connections: number
}

/** At most so many are kept, and as many older ones. */
const KEPT = 4_096
/** A session that is kept for a short time is extended by each load. */
const SPARED_MS = 2_000

export class RecentExtensions {
  #newer = new Map<string, Extension>()
  #older = new Map<string, Extension>()

  /** @returns the extension of a session; undefined for none within the last hundredth of its life. */
  of(sid: string, connections: number): Extension | undefined {
    const found = this.#newer.get(sid) ?? this.#older.get(sid)
    if (found?.connections !== connections) return undefined
    return performance.now() - found.at < found.ms / 100 - SPARED_MS ? found : undefined
  }

  /** To be called when a session may expire earlier than this process knows of. */
  forget(sid: string): void {
    this.#newer.delete(sid)
    this.#older.delete(sid)
  }

  add(sid: string, extension: Extension): void {
    if (this.#newer.size >= KEPT) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(sid, extension)
  }
}
