import { readFileSync } from 'node:fs'
import proxyAddr from 'proxy-addr'
import * as v from 'valibot'
import type { DurabilityOption } from '../../store/index.js'
import { SettingsError } from './settings-error.js'
import { STORE_NAMES } from './store-names.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** A variable that holds a whole number between these two. */
export const whole = (from: number, to: number) => {
  const accepted = `a whole number from ${from} to ${to}`
  return v.pipe(
    v.string(),
    v.regex(/^\d+$/, accepted),
    v.transform(Number),
    v.minValue(from, accepted),
    v.maxValue(to, accepted),
  )
}

const oneOf = <const T extends readonly string[]>(...names: T) =>
  v.picklist(names, `one of ${names.join(', ')}`)

const flag = v.pipe(
  oneOf('true', 'false'),
  v.transform((value) => value === 'true'),
)

const proxies = v.pipe(
  v.string(),
  v.check(isTrust, 'true, false, a number of hops, or a list of addresses and subnets'),
  v.transform((value) => {
    if (value === 'true' || value === 'false') return value === 'true'
    return /^\d+$/.test(value) ? Number(value) : value
  }),
)

function isTrust(value: string): boolean {
  if (/^(true|false|\d+)$/.test(value)) return value.length <= 5 && !/^\d{4}/.test(value)
  try {
    // What Express does with the value later.
    proxyAddr.compile(value.split(/\s*,\s*/))
    return true
  } catch {
    return false
  }
}

const redisUrl = v.pipe(
  v.string(),
  v.check((value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined
    return url !== undefined && /^rediss?:$/.test(url.protocol) && url.hostname !== ''
  }, 'redis://[user:password@]host[:port][/db], or rediss:// for TLS'),
)

const nodes = v.pipe(
  v.string(),
  v.regex(/^[^\s,:]+:\d+(\s*,\s*[^\s,:]+:\d+)*$/, 'host:port, more of them separated by commas'),
  v.transform((value) =>
    value.split(',').map((node) => {
      const [host = '', port] = node.trim().split(':')
      return { host, port: Number(port) }
    }),
  ),
)

const durability = v.pipe(
  v.string(),
  v.regex(/^(primary|replicas:[1-9]\d?|disk)$/, 'primary, replicas:N (N from 1 to 99) or disk'),
  v.transform((value): DurabilityOption => {
    if (value === 'primary' || value === 'disk') return value
    return { replicas: Number(value.split(':')[1]) }
  }),
)

const text = v.string()

/** Every variable of the contract but those of the platform (cloud-foundry.ts, service-binding.ts), with what each accepts. */
const Variables = v.object({
  PORT: v.optional(whole(0, 65_535), '3000'),
  HOST: v.optional(text),
  METRICS_PORT: v.optional(whole(0, 65_535), '9090'),
  CONNECTION_MAX_REQUESTS: v.optional(whole(0, 1_000_000), '1000'),
  CONNECTION_MAX_AGE_SECONDS: v.optional(whole(0, 86_400), '10'),
  SESSION_STORE: v.optional(oneOf(...STORE_NAMES), STORE_NAMES[0]),
  SESSION_SECRET: v.optional(text),
  SESSION_SECRET_FILE: v.optional(text),
  SESSION_TTL_SECONDS: v.optional(whole(1, 31_536_000), '86400'),
  SESSION_DEADLINE_MS: v.optional(whole(100, 60_000), '5000'),
  TRUST_PROXY: v.optional(proxies),
  REDIS_URL: v.optional(redisUrl),
  REDIS_MODE: v.optional(oneOf('standalone', 'sentinel', 'cluster'), 'standalone'),
  REDIS_NODES: v.optional(nodes),
  REDIS_SENTINEL_NAME: v.optional(text, 'mymaster'),
  REDIS_USERNAME: v.optional(text),
  REDIS_PASSWORD: v.optional(text),
  REDIS_PASSWORD_FILE: v.optional(text),
  REDIS_TLS_CA_FILE: v.optional(text),
  REDIS_TLS_CERT_FILE: v.optional(text),
  REDIS_TLS_KEY_FILE: v.optional(text),
  REDIS_DURABILITY: v.optional(durability, 'primary'),
  LOG_LEVEL: v.optional(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info'),
  CHAOS_ENABLED: v.optional(flag, 'false'),
  SHUTDOWN_DELAY_MS: v.optional(whole(0, 600_000), '0'),
  NODE_ENV: v.optional(text),
})

export type Variables = v.InferOutput<typeof Variables>

// What these hold must not appear in an error message.
const SECRET = /SECRET|PASSWORD|URL/

/** @returns the variables of the contract, as parseVariables reads them. */
export function readVariables(environment: Environment): Variables {
  return parseVariables(Variables, environment)
}

/**
 * @returns the variables of a schema, typed; an empty variable counts as unset.
 * @throws SettingsError for the first one that has a value which isn't accepted.
 */
export function parseVariables<S extends v.ObjectSchema<v.ObjectEntries, undefined>>(
  schema: S,
  environment: Environment,
): v.InferOutput<S> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = v.safeParse(schema, set, { abortEarly: true })
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const variable = String(issue.path?.[0].key)
  const found = SECRET.test(variable) ? 'this value' : JSON.stringify(set[variable])
  throw new SettingsError(variable, `${found} is not accepted; expected ${issue.message}`)
}

/**
 * @returns what the file that a variable names holds, without white space around it.
 * @throws SettingsError where it can't be read.
 */
export function readFileOf(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new SettingsError(variable, `${path} can't be read (${code}); expected the path of a readable file`)
  }
}
