// Takes over session secrets that change while the process runs, so that a rotation needs no restart.
import type { Logger } from 'pino'

// Kubernetes swaps a symlink above the file, which a watch of the file doesn't see.
const EVERY_MS = 2_000

/**
 * Reads the secrets every 2 s and changes the list in place, once two reads in a row found the same: one read may have met a
 * half-written file. If they can't be read, or there is none, the list stays, and the log says so once.
 */
export function watchSecrets(secrets: string[], read: () => string[], log: Logger): void {
  let [last, failed] = ['', false]
  setInterval(() => {
    try {
      const found = read()
      failed = false
      const text = found.join('\n')
      const again = text === last
      last = text
      if (!again || text === secrets.join('\n')) return
      secrets.splice(0, secrets.length, ...found)
      log.info({ secrets: found.length }, 'the session secrets have changed')
    } catch (error) {
      if (!failed) log.warn({ err: error }, 'the session secrets stay as they are')
      failed = true
    }
  }, EVERY_MS).unref()
}
