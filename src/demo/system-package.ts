import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The package that holds a program, by the package manager that installs it. */
interface SystemPackage {
  readonly apt: string
  readonly dnf: string
  readonly apk: string
  readonly pacman: string
  readonly brew: string
}

export const REDIS_PACKAGE: SystemPackage = {
  apt: 'redis-server',
  dnf: 'valkey',
  apk: 'redis',
  pacman: 'valkey',
  brew: 'redis',
}

export const CHROMIUM_PACKAGE: SystemPackage = {
  apt: 'chromium',
  dnf: 'chromium',
  apk: 'chromium',
  pacman: 'chromium',
  brew: 'chromium',
}

export const PROMETHEUS_PACKAGE: SystemPackage = {
  apt: 'prometheus',
  dnf: 'golang-github-prometheus',
  apk: 'prometheus',
  pacman: 'prometheus',
  brew: 'prometheus',
}

// Debian asks nothing, and doesn't start the service that the package brings. As a command, for sudo drops variables.
const QUIETLY = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']

const INSTALL: Record<keyof SystemPackage, (name: string) => string[][]> = {
  apt: (name) => [
    ['apt-get', 'update', '-qq'],
    [...QUIETLY, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', name],
  ],
  dnf: (name) => [['dnf', 'install', '-y', '-q', name]],
  apk: (name) => [['apk', 'add', '--no-cache', name]],
  pacman: (name) => [['pacman', '-Sy', '--noconfirm', name]],
  brew: (name) => [['brew', 'install', name]],
}

/** @returns the full path of the first of these programs that is on PATH, else undefined. */
export function findProgram(...names: string[]): string | undefined {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // not in this folder
      }
    }
  }
  return undefined
}

/**
 * Installs a package with the system's package manager (through sudo where that is needed) and says so.
 * @throws Error where there is no package manager that we know, or where it fails.
 */
export function installSystemPackage(wanted: SystemPackage, say: (line: string) => void): void {
  const managers = Object.keys(INSTALL) as (keyof SystemPackage)[]
  const manager = managers.find((name) => findProgram(name === 'apt' ? 'apt-get' : name))
  if (!manager) throw new Error(`no known package manager here: please install ${wanted.apt} by hand`)
  const sudo = manager !== 'brew' && process.getuid?.() !== 0 ? ['sudo'] : []
  for (const command of INSTALL[manager](wanted[manager])) {
    const [program = '', ...args] = [...sudo, ...command]
    say([program, ...args].join(' '))
    const run = spawnSync(program, args, { stdio: ['inherit', 'ignore', 'inherit'] })
    if (run.status !== 0) throw new Error(`failed: ${[program, ...args].join(' ')}`)
  }
}
