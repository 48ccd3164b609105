#!/usr/bin/env node
// The command exact-sessions: the way back to connect-redis, for all sessions of a Redis.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ExactRedisStore, type RedisClient } from './index.js'

const HELP = `exact-sessions to-connect-redis [URL] [--prefix sess:]

Writes the sessions of exact-sessions as connect-redis does, with their content and their expiry. The app may run in the meantime,
with the store's option format: 'connect-redis'. Stop it whenever you want: the next run continues.

  URL                of Redis or Valkey, also in REDIS_URL. Default: redis://127.0.0.1:6379
  --prefix           what each key begins with. Default: sess:
  ENCRYPTION_KEYS    in the environment: the store's encryptionKeys, with spaces between them

It needs ioredis, iovalkey or redis (node-redis) in the current folder. For a Cluster or Sentinels, call store.toConnectRedis()
in a program that has your client.

Exit code: 0 done, 1 some failed, 78 wrong use.
`
const WRONG_USE = 78

/** A client of the library that is installed, and how to end it. */
interface Opened {
  readonly client: { on(event: 'error', listener: (error: Error) => void): unknown }
  close(): void
}

const LIBRARIES = {
  ioredis: openIoredis,
  iovalkey: openIoredis,
  redis: openNodeRedis,
} as const

/** @returns a client of the first library that is installed, here or beside this package; undefined if none is. */
function openClient(url: string): Opened | undefined {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    const require = createRequire(from)
    for (const [name, open] of Object.entries(LIBRARIES)) {
      try {
        require.resolve(name)
      } catch {
        continue
      }
      return open(require(name), url)
    }
  }
  return undefined
}

function openIoredis(library: unknown, url: string): Opened {
  const { Redis } = library as { Redis: new (url: string) => Opened['client'] & { disconnect(): void } }
  const client = new Redis(url)
  return { client, close: () => client.disconnect() }
}

function openNodeRedis(library: unknown, url: string): Opened {
  type Client = Opened['client'] & { connect(): Promise<unknown>; destroy(): void }
  const { createClient } = library as { createClient(options: object): Client }
  const client = createClient({ url })
  // It tries again until the store's deadline is over.
  client.connect().catch(() => {})
  return { client, close: () => client.destroy() }
}

async function toConnectRedis(
  url: string,
  prefix: string,
  encryptionKeys: readonly string[],
): Promise<number> {
  let opened: Opened | undefined
  try {
    opened = openClient(url)
  } catch {
    // Its error has the URL, and so the password.
    return fail(
      'URL: expected redis://user:password@host:port/database, special characters as %XX',
      WRONG_USE,
    )
  }
  if (!opened) return fail('install ioredis, iovalkey or redis (node-redis) in this folder first', WRONG_USE)
  let trouble = ''
  opened.client.on('error', ({ message }) => {
    trouble = message && ` (${message})`
  })
  const count = { written: 0, unchanged: 0, gone: 0, failed: 0 }
  const reasons = new Set<string>()
  const say = () => {
    const { written, unchanged, gone, failed } = count
    process.stdout.write(
      `${written} written, ${unchanged} were records of connect-redis, ${gone} ended in the meantime, ${failed} failed\n`,
    )
  }
  try {
    const client = opened.client as unknown as RedisClient
    const store = new ExactRedisStore({
      client,
      prefix,
      ...(encryptionKeys.length > 0 && { encryptionKeys }),
    })
    // A client whose database does not exist goes on with database 0: with the sessions of another app.
    await store.get('no-session')
    if (/DB index|SELECT is not allowed/i.test(trouble)) return fail(`URL:${trouble}`, WRONG_USE)
    let seen = 0
    for await (const { outcome, error } of store.toConnectRedis()) {
      count[outcome] += 1
      if (error instanceof Error) reasons.add(error.message)
      seen += 1
      if (seen % 10_000 === 0) say()
    }
    say()
    if (seen === 0) process.stderr.write(`exact-sessions: no session under the prefix ${prefix}\n`)
    for (const reason of reasons) process.stderr.write(`failed: ${reason}\n`)
    return count.failed > 0 ? 1 : 0
  } catch (error) {
    if (error instanceof TypeError) return fail(error.message, WRONG_USE)
    say()
    return fail(
      `${error instanceof Error ? error.message : String(error)}${trouble}; run it again to continue`,
      1,
    )
  } finally {
    opened.close()
  }
}

function fail(message: string, code: number): number {
  process.stderr.write(`exact-sessions: ${message}\n`)
  return code
}

async function main(): Promise<number> {
  const options = {
    prefix: { type: 'string', default: 'sess:' },
    help: { type: 'boolean', short: 'h' },
  } as const
  let given: ReturnType<typeof parse>
  const parse = () => parseArgs({ options, allowPositionals: true })
  try {
    given = parse()
  } catch (error) {
    return fail((error as Error).message, WRONG_USE)
  }
  const { values, positionals } = given
  const [command, url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', ...more] = positionals
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (command !== 'to-connect-redis' || more.length > 0) {
    process.stderr.write(HELP)
    return WRONG_USE
  }
  if (!/^(redis|valkey)s?:\/\/[^/]*(\/\d*)?(\?.*)?$/.test(url))
    return fail('URL: expected redis://host:port/database or rediss://…', WRONG_USE)
  const keys = (process.env.ENCRYPTION_KEYS ?? '').split(/\s+/).filter(Boolean)
  return toConnectRedis(url.replace(/^valkey/, 'redis'), values.prefix, keys)
}

process.exitCode = await main()
