import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { basename } from 'node:path'
import { findProgram, installSystemPackage, REDIS_PACKAGE } from './system-package.js'

const IMAGE = 'redis:8-alpine'
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
interface RedisProgram {
  /** What it is, for people. */
  readonly label: string
  launch(options: RedisLaunch, settings: readonly string[]): ChildProcess
  /** Ends it at once, as a crash does. */
  kill(child: ChildProcess, name: string): void
}

/** @returns the full path of a Redis or a Valkey, undefined for none. */
export function redisOnPath(): string | undefined {
  return findProgram('redis-server', 'valkey-server')
}

/**
 * @returns redis-server or valkey-server from PATH, else Docker where its engine answers, else redis-server
 * after its installation by the system's package manager.
 * @throws Error where none of these works.
 */
export function findRedisProgram(say: (line: string) => void): RedisProgram {
  const found = redisOnPath()
  if (found) return nativeRedis(found)
  const docker = findProgram('docker')
  if (docker && engineAnswers(docker)) {
    say(`no redis-server here: Docker runs one (${IMAGE})`)
    if (hasImage(docker)) return dockerRedis(docker)
    say('the image could not be had: looking further')
  }
  say('no redis-server and no Docker engine here: installing redis-server')
  installSystemPackage(REDIS_PACKAGE, say)
  const installed = redisOnPath()
  if (!installed) throw new Error('Redis was installed, but no redis-server is on PATH')
  return nativeRedis(installed)
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

function engineAnswers(docker: string): boolean {
  return run(docker, 'version', '--format', '{{.Server.Version}}')
}

/** Whether the image is here, or comes: a first download may well take minutes. */
function hasImage(docker: string): boolean {
  return (
    run(docker, 'image', 'inspect', IMAGE) ||
    spawnSync(docker, ['pull', IMAGE], { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
  )
}

function run(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: ENGINE_DEADLINE_MS })
    return true
  } catch {
    return false
  }
}
