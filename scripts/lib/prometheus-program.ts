import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, installSystemPackage, PROMETHEUS_PACKAGE } from '../../src/demo/system-package.js'

const CACHE = join('node_modules', '.cache', 'prometheus')

/**
 * Prometheus or its promtool: the one on PATH, else one that is put below node_modules/.cache (Debian, Ubuntu) or installed
 * by the system's package manager.
 * @returns its path.
 * @throws Error where neither way works on this machine.
 */
export function prometheusProgram(name: 'prometheus' | 'promtool', say: (line: string) => void): string {
  const cached = join(CACHE, 'usr', 'bin', name)
  const find = () => findProgram(name) ?? (existsSync(cached) ? cached : undefined)
  const there = find()
  if (there) return there
  if (findProgram('apt-get')) unpackDebianPackage(say)
  else installSystemPackage(PROMETHEUS_PACKAGE, say)
  const installed = find()
  if (!installed)
    throw new Error(`${name} is missing here: please install it (https://prometheus.io/download)`)
  return installed
}

// Installed, it would run as a service on port 9090, which is the port of our own metrics.
function unpackDebianPackage(say: (line: string) => void): void {
  mkdirSync(CACHE, { recursive: true })
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: CACHE, stdio: ['inherit', 'ignore', 'inherit'] })
  const download = () => run('apt-get', 'download', '-qq', PROMETHEUS_PACKAGE.apt)
  say(`apt-get download ${PROMETHEUS_PACKAGE.apt}`)
  try {
    download()
  } catch {
    const [program = '', ...args] = [
      ...(process.getuid?.() === 0 ? [] : ['sudo']),
      'apt-get',
      'update',
      '-qq',
    ]
    run(program, ...args)
    download()
  }
  for (const file of readdirSync(CACHE).filter((entry) => entry.endsWith('.deb'))) {
    run('dpkg-deb', '--extract', file, '.')
    rmSync(join(CACHE, file))
  }
}
