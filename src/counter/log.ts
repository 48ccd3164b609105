// The log of a process: JSON lines on stdout, without secrets and stack traces.
import { destination, type Logger, pino } from 'pino'
import type { Settings } from './config/settings.js'
import type { Instance } from './instances/instance.js'

/** @returns the log, and how to write what is still buffered before an exit. */
export function createLog(
  level: Settings['logLevel'],
  instance: Instance,
): { log: Logger; flush: () => void } {
  // Asynchronous: lines gather while a write is in progress.
  const stdout = destination({ fd: 1, sync: false })
  const log = pino({ level, base: { instance: instance.id }, serializers: { err: described } }, stdout)
  return { log, flush: () => stdout.flushSync() }
}

// Neither stack nor the command that failed: its arguments may be a password or a session.
function described(error: Error): unknown {
  const { name, message, code, cause } = error as NodeJS.ErrnoException
  return { name, message, code, ...(cause instanceof Error && { cause: described(cause) }) }
}
