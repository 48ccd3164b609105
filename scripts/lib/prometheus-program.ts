// Finds Prometheus and its promtool for the tests of the alerts, or gets them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../src/demo/find-program.js'
import { installCommand, installSystemPackage, PROMETHEUS_PACKAGE } from './system-package.mjs'

const CACHE = join('node_modules', '.cache', 'prometheus')

/**
 * @returns the path of the one on PATH, else of the one below node_modules/.cache.
 * @throws Error if there is neither.
 */
export function prometheusProgram(name: 'prometheus' | 'promtool'): string {
  const cached = join(CACHE, 'usr', 'bin', name)
  const there = findProgram(name) ?? (existsSync(cached) ? cached : undefined)
  if (!there) {
    const command = installCommand(PROMETHEUS_PACKAGE) ?? 'https://prometheus.io/download'
    throw new Error(`There is no ${name} on this machine. This helps: ${command}`)
  }
  return there
}

/**
 * Sees to it that both are there: on Debian and Ubuntu without root, else, after a yes, by the system's package manager.
 * @throws Error that says how to get them, if neither way works.
 */
export async function preparePrometheus(say: (line: string) => void): Promise<void> {
  if (isHere()) return
  if (findProgram('apt-get')) unpackDebianPackage(say)
  if (!isHere()) await installSystemPackage(PROMETHEUS_PACKAGE, say)
  for (const name of ['prometheus', 'promtool'] as const) prometheusProgram(name)
}

function isHere(): boolean {
  try {
    return Boolean(prometheusProgram('prometheus') && prometheusProgram('promtool'))
  } catch {
    return false
  }
}

// Installed, it would run as a service on port 9090, which is the port of our own metrics.
function unpackDebianPackage(say: (line: string) => void): void {
  mkdirSync(CACHE, { recursive: true })
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: CACHE, stdio: 'ignore' })
  say(`apt-get download ${PROMETHEUS_PACKAGE.apt}`)
  try {
    run('apt-get', 'download', '-qq', PROMETHEUS_PACKAGE.apt)
    for (const file of readdirSync(CACHE).filter((entry) => entry.endsWith('.deb'))) {
      run('dpkg-deb', '--extract', file, '.')
      rmSync(join(CACHE, file))
    }
  } catch {
    // Its lists of packages are old or missing, say: there is another way.
  }
}
