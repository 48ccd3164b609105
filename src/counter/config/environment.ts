// Reads environment variables and the files that they name, and refuses what the app can't work with.
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import proxyAddr from 'proxy-addr'
import * as v from 'valibot'
import type { DurabilityOption } from '../../store/index.js'
import { parseRedisUrl } from './redis-url.js'
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
  v.rawCheck(({ dataset, addIssue }) => {
    const parsed = dataset.typed ? parseRedisUrl(dataset.value) : ''
    if (typeof parsed === 'string') addIssue({ message: parsed })
  }),
)

const NODE = /^(?:\[(?<address>[^\]]+)\]|(?<name>[^\s,:@/[\]]+)):(?<port>\d{1,5})$/
const nodesOf = (value: string) =>
  value.split(',').map((node) => {
    const { address, name = '', port } = NODE.exec(node.trim())?.groups ?? {}
    return {
      host: address ?? name,
      port: Number(port),
      valid: address === undefined ? name : isIPv6(address),
    }
  })

const nodes = v.pipe(
  v.string(),
  v.check(
    (value) => nodesOf(value).every(({ valid, port }) => valid && port > 0 && port < 65_536),
    'host:port, more of them separated by commas; an IPv6 address as [address]:port',
  ),
  v.transform((value) => nodesOf(value).map(({ host, port }) => ({ host, port }))),
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

const secret = v.pipe(v.string(), v.transform(trimmed))

const httpUrl = v.pipe(
  v.string(),
  v.check((value) => URL.canParse(value) && /^https?:/.test(value), 'http://host:port or https://host:port'),
)

const basePath = v.pipe(
  v.string(),
  v.regex(/^(\/[\w.~-]+)*\/?$/, 'a path such as /counter'),
  v.transform((value) => value.replace(/\/$/, '')),
)

/** Every variable of the contract but those of the platform (cloud-foundry.ts, service-binding.ts), with what each accepts. */
const Variables = v.object({
  PORT: v.optional(whole(0, 65_535), '3000'),
  HOST: v.optional(text),
  METRICS_PORT: v.optional(whole(0, 65_535), '9090'),
  BASE_PATH: v.optional(basePath, ''),
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
  REDIS_USERNAME: v.optional(secret),
  REDIS_PASSWORD: v.optional(secret),
  REDIS_PASSWORD_FILE: v.optional(text),
  REDIS_TLS_CA_FILE: v.optional(text),
  REDIS_TLS_CERT_FILE: v.optional(text),
  REDIS_TLS_KEY_FILE: v.optional(text),
  REDIS_TLS_SERVERNAME: v.optional(text),
  REDIS_DATABASE: v.optional(whole(0, 65_535)),
  REDIS_KEY_PREFIX: v.optional(text, ''),
  REDIS_DURABILITY: v.optional(durability, 'primary'),
  LOG_LEVEL: v.optional(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info'),
  CHAOS_ENABLED: v.optional(flag, 'false'),
  SHUTDOWN_DELAY_MS: v.optional(whole(0, 600_000), '0'),
  OTEL_EXPORTER_OTLP_ENDPOINT: v.optional(httpUrl),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: v.optional(httpUrl),
  OTEL_SDK_DISABLED: v.optional(text),
  NODE_ENV: v.optional(text),
})

export type Variables = v.InferOutput<typeof Variables>

/** @returns the value of a variable as an error message may show it: not if it is a secret, or may hold one by mistake. */
function shown(variable: string, value: string): string {
  const secret = /SECRET|PASSWORD|URL|KEY/.test(variable) || /[@\n]/.test(value)
  return secret ? 'this value' : JSON.stringify(value)
}

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
  throw new SettingsError(
    variable,
    `${shown(variable, set[variable] ?? '')} is not accepted; expected ${issue.message}`,
  )
}

/**
 * Removes the blanks and line ends around a value: editors, `echo` and YAML leave some. The chart's scripts do the same for
 * Redis, so that all agree on a password. What is inside belongs to the value.
 */
export function trimmed(value: string): string {
  return value.replace(/^[ \t\r\n\v\f]+|[ \t\r\n\v\f]+$/g, '')
}

/**
 * @returns what the file that a variable names holds, trimmed.
 * @throws SettingsError if it can't be read. The message doesn't repeat the path: it may be the secret itself.
 */
export function readFileOf(variable: string, path: string): string {
  try {
    return trimmed(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new SettingsError(
      variable,
      `${shown(variable, path)} can't be read (${code}); expected the path of a readable file`,
    )
  }
}
