// Installs a program with the system's package manager, after a yes. Plain JavaScript without dependencies: it also runs on a
// fresh clone, before `npm ci`.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline/promises'

/** @typedef {'apt' | 'dnf' | 'apk' | 'pacman' | 'brew'} Manager */
/** @typedef {Readonly<Record<Manager, string>>} SystemPackage the package that holds a program, by the manager that installs it */

/** @type {SystemPackage} */
export const REDIS_PACKAGE = {
  apt: 'redis-server',
  dnf: 'valkey',
  apk: 'redis',
  pacman: 'valkey',
  brew: 'redis',
}
/** @type {SystemPackage} */
export const CHROMIUM_PACKAGE = {
  apt: 'chromium',
  dnf: 'chromium',
  apk: 'chromium',
  pacman: 'chromium',
  brew: 'chromium',
}
/** @type {SystemPackage} */
export const PROMETHEUS_PACKAGE = {
  apt: 'prometheus',
  dnf: 'golang-github-prometheus',
  apk: 'prometheus',
  pacman: 'prometheus',
  brew: 'prometheus',
}

// Debian asks nothing, and doesn't start the service that the package brings. As a command, since sudo drops variables.
const QUIETLY = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']

/** @type {Record<Manager, (name: string) => string[][]>} */
const INSTALL = {
  apt: (name) => [
    ['apt-get', 'update', '-qq'],
    [...QUIETLY, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', name],
  ],
  dnf: (name) => [['dnf', 'install', '-y', '-q', name]],
  apk: (name) => [['apk', 'add', '--no-cache', name]],
  pacman: (name) => [['pacman', '-Sy', '--noconfirm', name]],
  brew: (name) => [['brew', 'install', name]],
}

/**
 * @param {string[]} names
 * @returns {string | undefined} the path of the first of these programs that is on PATH
 */
export function onPath(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram)
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @returns {Manager | undefined} */
function managerHere() {
  const managers = /** @type {Manager[]} */ (Object.keys(INSTALL))
  return managers.find((name) => onPath(name === 'apt' ? 'apt-get' : name))
}

/**
 * @param {SystemPackage} wanted
 * @returns {string | undefined} the command that a person would type to install it; undefined if no manager is known here
 */
export function installCommand(wanted) {
  const manager = managerHere()
  if (!manager) return undefined
  const words = {
    apt: 'apt-get install',
    dnf: 'dnf install',
    apk: 'apk add',
    pacman: 'pacman -S',
    brew: 'brew install',
  }
  return [...sudo(manager), words[manager], wanted[manager]].join(' ')
}

/**
 * Installs a package if a person at the terminal says yes; CI=true counts as a yes.
 * @param {SystemPackage} wanted
 * @param {(line: string) => void} say
 * @returns {Promise<boolean>} whether it is installed now
 */
export async function installSystemPackage(wanted, say) {
  const manager = managerHere()
  if (!manager || !(await agreed(`May "${installCommand(wanted)}" run now?`))) return false
  for (const command of INSTALL[manager](wanted[manager])) {
    const [program = '', ...args] = [...sudo(manager), ...command]
    say([program, ...args].join(' '))
    const run = spawnSync(program, args, { stdio: ['inherit', 'ignore', 'inherit'] })
    if (run.status !== 0) return false
  }
  return true
}

/** @param {Manager} manager */
function sudo(manager) {
  return manager !== 'brew' && process.getuid?.() !== 0 ? ['sudo'] : []
}

/** @param {string} question */
async function agreed(question) {
  if (process.env.CI === 'true') return true
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`· ${question} [y/N] `).catch(() => '')
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}
