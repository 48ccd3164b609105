import type { Logger } from 'pino'

// Kubernetes swaps a symlink above the file, which a watch of the file doesn't see.
const EVERY_MS = 2_000

/**
 * Follows secrets that change while the process runs: reads them every 2 s and changes the list in place. Where they can't be
 * read, or there is none, the list stays, and the log says so once.
 */
export function followSecrets(secrets: string[], read: () => string[], log: Logger): void {
  let failed = false
  setInterval(() => {
    try {
      const found = read()
      failed = false
      if (found.join('\n') === secrets.join('\n')) return
      secrets.splice(0, secrets.length, ...found)
      log.info({ secrets: found.length }, 'the session secrets have changed')
    } catch (error) {
      if (!failed) log.warn({ err: error }, 'the session secrets stay as they are')
      failed = true
    }
  }, EVERY_MS).unref()
}
