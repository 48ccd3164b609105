// One write for the commands of a turn of the event loop.

export interface Socket {
  readonly writable: boolean
  readonly remoteAddress?: string
  readonly remotePort?: number
  cork(): void
  uncork(): void
}

// With all commands of a turn in one write this process would idle while Redis works on them, and Redis while this process does.
const WRITTEN_TOGETHER = 16

/**
 * ioredis makes a system call for each command, and that takes longer than all the rest of a command. So its socket is corked
 * while a turn lasts: nothing of the client is changed, and the order of its commands stays.
 */
export class GatheredWrites {
  #corked: Socket | undefined
  #commands = 0
  readonly #flush = () => {
    this.#corked?.uncork()
    this.#corked = undefined
    this.#commands = 0
  }

  /** To be called before a command is sent on this socket; undefined while there is none. */
  next(socket: Socket | undefined): void {
    if (this.#corked === undefined) {
      if (!socket?.writable) return
      socket.cork()
      this.#corked = socket
      setImmediate(this.#flush)
    } else if (this.#commands === WRITTEN_TOGETHER) {
      this.#corked.uncork()
      this.#corked.cork()
      this.#commands = 0
    }
    this.#commands += 1
  }
}
