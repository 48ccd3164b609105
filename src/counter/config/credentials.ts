import * as v from 'valibot'
import { SettingsError } from './settings-error.js'

const port = v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.integer())

/** What brokers of all kinds call the parts of an address. */
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
 * @returns the URL of a bound Redis.
 * @throws SettingsError that names the variable, where what was found holds no address.
 */
export function urlOf(variable: string, found: unknown): string {
  const parsed = v.safeParse(Credentials, found ?? {})
  const credentials = parsed.success ? parsed.output : {}
  const given = credentials.uri ?? credentials.url
  if (given && URL.canParse(given) && /^rediss?:/.test(given)) return given
  const host = credentials.host ?? credentials.hostname
  if (!host) {
    throw new SettingsError(
      variable,
      'the bound Redis has no address; expected a uri (redis://…), or host and port',
    )
  }
  const secure = credentials.tls_port ?? (String(credentials.tls) === 'true' && credentials.port)
  const { username = '', password = '' } = credentials
  const user = password && `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`
  const address = host.includes(':') ? `[${host}]` : host
  return `${secure ? 'rediss' : 'redis'}://${user}${address}:${secure || credentials.port || 6379}`
}
