// Finds programs on PATH.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** @returns the full path of the first of these programs that is on PATH, else undefined. */
export function findProgram(...names: string[]): string | undefined {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name)
      if (isProgram(path)) return path
    }
  }
  return undefined
}

/** Whether there is a file at this path that may be run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
