// Reads a Redis that a platform bound by a folder of files (servicebinding.io).
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { boundAddress } from './credentials.js'
import { type Environment, trimmed } from './environment.js'
import type { RedisAddress } from './redis-url.js'
import { SettingsError } from './settings-error.js'

/**
 * The first binding of the type `redis` below SERVICE_BINDING_ROOT: a folder for each binding, a file for each entry.
 * @returns where it is; undefined if there is none.
 * @throws SettingsError if the folder can't be read or the binding has no address.
 */
export function boundRedis(environment: Environment): RedisAddress | undefined {
  const { SERVICE_BINDING_ROOT: root } = environment
  if (!root) return undefined
  for (const name of listFolder(root)) {
    const folder = join(root, name)
    const entries = readEntries(folder)
    if (/^(redis|valkey)$/i.test(entries.type ?? '')) return boundAddress('SERVICE_BINDING_ROOT', entries)
  }
  return undefined
}

function listFolder(root: string): string[] {
  try {
    return readdirSync(root)
      .filter((name) => !name.startsWith('.'))
      .sort()
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new SettingsError(
      'SERVICE_BINDING_ROOT',
      `${root} can't be read (${code}); expected a folder of bindings`,
    )
  }
}

function readEntries(folder: string): Record<string, string> {
  const entries: Record<string, string> = {}
  try {
    // A file among the folders is not a binding.
    if (!statSync(folder).isDirectory()) return entries
    for (const name of listFolder(folder)) {
      const file = join(folder, name)
      if (statSync(file).isFile()) entries[name] = trimmed(readFileSync(file, 'utf8'))
    }
  } catch (error) {
    if (error instanceof SettingsError) throw error
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new SettingsError('SERVICE_BINDING_ROOT', `${folder} can't be read (${code}); expected a binding`)
  }
  return entries
}
