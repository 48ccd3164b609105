// Ends what a program of the tests has started (servers, instances) together with the program, also if a signal ends it.
import { constants } from 'node:os'

const works = new Set<() => void>()

/** Does this, at once, when this process ends. @returns what to call if there is nothing to do any more. */
export function atExit(work: () => void): () => void {
  if (works.size === 0) process.on('exit', doAll)
  works.add(work)
  return () => {
    works.delete(work)
    if (works.size === 0) process.off('exit', doAll)
  }
}

/**
 * Makes Ctrl-C and the like an exit, which a signal alone is not. For programs: a test's process belongs to its runner. A second
 * signal, as when a terminal and the program's parent both send one, ends nothing before all that was started has ended.
 */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => process.exit(128 + constants.signals[signal]))
}

function doAll(): void {
  for (const work of works) work()
}
