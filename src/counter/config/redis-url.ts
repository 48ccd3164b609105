// Reads the URL of a Redis. No message repeats any part of it: each part may hold a piece of a password that was written wrongly.

/** Where one Redis is, and how to log on to it. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly db: number
  readonly secure: boolean
}

const EXPECTED =
  'redis://[user:password@]host[:port][/db], or rediss:// for TLS, with %2F, %3F, %23 for /, ?, # in a password'

/** @returns where the URL leads, or a text that says what was expected instead. */
export function parseRedisUrl(text: string): RedisAddress | string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '') return EXPECTED
  // The password ended too early: at a /, ? or #.
  if (url.hash !== '' || `${url.pathname}${url.search}`.includes('@')) return EXPECTED
  const db = url.pathname.slice(1) || url.searchParams.get('db') || '0'
  if (!/^\d{1,5}$/.test(db)) return 'a whole number as the database, as in redis://host/1'
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || 6379),
      username: decodeURIComponent(url.username) || undefined,
      password: decodeURIComponent(url.password) || undefined,
      db: Number(db),
      secure: url.protocol === 'rediss:',
    }
  } catch {
    return '%25 for a % in a user or password'
  }
}
