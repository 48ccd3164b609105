// One write for the commands of a turn of the event loop.

export interface Socket {
  readonly writable: boolean
  readonly remoteAddress?: string
  readonly remotePort?: number
  cork(): void
  uncork(): void
}

/**
 * ioredis makes a system call for each command, and that takes longer than all the rest of a command. So its socket is corked
 * while a turn lasts: nothing of the client is changed, and the order of its commands stays. Redis then reads them in one call, too.
 */
export class GatheredWrites {
  #corked: Socket | undefined
  readonly #flush = () => {
    this.#corked?.uncork()
    this.#corked = undefined
  }

  /** To be called before a command is sent on this socket; undefined while there is none. */
  next(socket: Socket | undefined): void {
    if (this.#corked !== undefined || !socket?.writable) return
    socket.cork()
    this.#corked = socket
    setImmediate(this.#flush)
  }
}
