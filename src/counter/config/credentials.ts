// Reads the credentials of a bound Redis, whichever platform and broker bound it.
import * as v from 'valibot'
import { trimmed } from './environment.js'
import { parseRedisUrl, type RedisAddress } from './redis-url.js'
import { SettingsError } from './settings-error.js'

const port = v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.integer())

/** Brokers have several names for the parts of an address. */
export const Credentials = v.object({
  uri: v.optional(v.string()),
  url: v.optional(v.string()),
  host: v.optional(v.string()),
  hostname: v.optional(v.string()),
  port: v.optional(port),
  tls_port: v.optional(port),
  username: v.optional(v.string()),
  password: v.optional(v.string()),
  tls: v.optional(v.union([v.boolean(), v.string()])),
})

/**
 * @returns where a bound Redis is: by its URL, or by its host and port if it has no URL, or one that can't be read (some brokers
 *   don't encode the password).
 * @throws SettingsError that names the variable, if the credentials have no address.
 */
export function boundAddress(variable: string, found: unknown): RedisAddress {
  const parsed = v.safeParse(Credentials, found ?? {})
  const credentials = parsed.success ? parsed.output : {}
  const given = credentials.uri ?? credentials.url
  const address = given === undefined ? undefined : parseRedisUrl(given)
  if (typeof address === 'object') return address
  const host = credentials.host ?? credentials.hostname
  if (!host) {
    throw new SettingsError(
      variable,
      'the bound Redis has no address that can be read; expected a uri (redis://…), or host and port',
    )
  }
  const { username = '', password = '', tls_port: tlsPort, tls } = credentials
  const securePort = tlsPort ?? (String(tls) === 'true' ? (credentials.port ?? 6379) : undefined)
  return {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: securePort ?? credentials.port ?? 6379,
    username: trimmed(username) || undefined,
    password: trimmed(password) || undefined,
    db: 0,
    secure: securePort !== undefined,
  }
}
