// The ways to run Redis on this machine: a program, or Docker.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { findProgram, isProgram } from './find-program.js'

const IMAGE = 'redis:8-alpine'
const NAMES = ['redis-server', 'valkey-server']
/** Where scripts/lib/redis-server.mjs puts a server for a machine that has none. */
const OWN_FOLDER = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'redissessions', 'redis')
const ENGINE_DEADLINE_MS = 5_000

interface RedisLaunch {
  readonly port: number
  readonly folder: string
  /** Names this Redis on this machine: the container, its volume. */
  readonly name: string
  /** The file descriptor of its log. */
  readonly log: number
}

/** A way to run Redis on this machine. */
export interface RedisProgram {
  /** What it is, for people. */
  readonly label: string
  launch(options: RedisLaunch, settings: readonly string[]): ChildProcess
  /** Ends it at once, as a crash does. */
  kill(child: ChildProcess, name: string): void
}

/** @returns the path of a redis-server or valkey-server on PATH, else of the one that was fetched; undefined for none. */
export function redisServer(): string | undefined {
  return findProgram(...NAMES) ?? NAMES.map((name) => join(OWN_FOLDER, 'bin', name)).find(isProgram)
}

/**
 * @returns redis-server or valkey-server from PATH, else Docker if its engine answers and has the image, else the server that
 *   was fetched; undefined if none of these works.
 */
export function findRedisProgram(): RedisProgram | undefined {
  const docker = findProgram(...NAMES) ? undefined : findProgram('docker')
  if (docker && run(docker, 'image', 'inspect', IMAGE)) return dockerRedis(docker)
  const server = redisServer()
  return server ? nativeRedis(server) : undefined
}

function nativeRedis(path: string): RedisProgram {
  return {
    label: basename(path),
    launch({ port, folder, log }, settings) {
      const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder]
      // Its own process group: Ctrl-C in the terminal must not end it before the instances.
      return spawn(path, [...own, ...settings], { stdio: ['ignore', log, log], detached: true })
    },
    kill: (child) => child.kill('SIGKILL'),
  }
}

function dockerRedis(docker: string): RedisProgram {
  return {
    label: `${IMAGE} in Docker`,
    launch({ port, name, log }, settings) {
      // A container that a crash of the demo left behind would keep the name and the port.
      run(docker, 'rm', '--force', name)
      const container = ['run', '--rm', '--name', name, '--volume', `${name}:/data`]
      const args = [...container, '--publish', `127.0.0.1:${port}:6379`, IMAGE, 'redis-server', ...settings]
      return spawn(docker, args, { stdio: ['ignore', log, log], detached: true })
    },
    kill: (_child, name) => run(docker, 'kill', name),
  }
}

function run(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: ENGINE_DEADLINE_MS })
    return true
  } catch {
    return false
  }
}
