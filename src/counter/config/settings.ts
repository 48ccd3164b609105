// Makes the settings of one instance from its environment: the only file that the app asks for them.
import { randomBytes } from 'node:crypto'
import type { DurabilityOption } from '../../store/index.js'
import { cloudFoundryInstance } from './cloud-foundry.js'
import { type Environment, readFileOf, readVariables, trimmed, type Variables } from './environment.js'
import { type RedisSettings, redisSettings } from './redis-settings.js'
import { SettingsError } from './settings-error.js'
import type { StoreName } from './store-names.js'

export interface Settings {
  readonly port: number
  readonly host: string | undefined
  readonly metricsPort: number
  /** How long a client keeps its connection, and with it the instance that it meets. */
  readonly connections: { readonly maxRequests: number; readonly maxAgeSeconds: number }
  readonly instance: { readonly id: string; readonly index: number | null }
  /** The group within which instances number themselves, by a lease; undefined: the platform numbers them, or nobody does. */
  readonly indexGroup: string | undefined
  readonly session: {
    readonly store: StoreName
    /** The first one, the newest, signs; the others are still accepted. Changed in place by watch-secrets.ts. */
    readonly secrets: string[]
    readonly secretsFromFile: boolean
    readonly ttlSeconds: number
    readonly deadlineMs: number
    /** When a change is acknowledged; other values than `primary` need the exact store. */
    readonly durability: DurabilityOption
  }
  readonly redis: RedisSettings | undefined
  /** What each of the app's keys in Redis begins with. */
  readonly keyPrefix: string
  /** The path below which the app is served, such as /counter; empty: the root. */
  readonly basePath: string
  /** Whether spans are sent (tracing.ts). */
  readonly tracing: boolean
  readonly trustProxy: boolean | number | string
  readonly logLevel: Variables['LOG_LEVEL']
  readonly chaosEnabled: boolean
  readonly shutdownDelayMs: number
}

// The same in each process, so that several instances on a developer's machine accept one another's cookies.
const DEVELOPMENT_SECRET = 'for development only'
// Shorter ones can be guessed from a signed cookie.
const SECRET_LENGTH = 16

/**
 * @returns the settings that this environment makes.
 * @throws SettingsError, its message one line, if the process must not start with it.
 */
export function readSettings(environment: Environment): Settings {
  const variables = readVariables(environment)
  const store = variables.SESSION_STORE
  const redis = redisSettings(variables, environment)
  if (!redis && store !== 'memory') {
    throw new SettingsError(
      'REDIS_URL',
      `is not set, and SESSION_STORE=${store} needs Redis; expected REDIS_URL, REDIS_NODES, a binding or VCAP_SERVICES`,
    )
  }
  if (variables.REDIS_DURABILITY !== 'primary' && store !== 'exact') {
    throw new SettingsError(
      'REDIS_DURABILITY',
      `SESSION_STORE=${store} has neither replicas:N nor disk; expected primary`,
    )
  }
  return {
    port: variables.PORT,
    host: variables.HOST,
    metricsPort: variables.METRICS_PORT,
    connections: {
      maxRequests: variables.CONNECTION_MAX_REQUESTS,
      maxAgeSeconds: variables.CONNECTION_MAX_AGE_SECONDS,
    },
    ...instanceOf(environment),
    session: {
      store,
      secrets: secretsOf(variables),
      secretsFromFile: variables.SESSION_SECRET === undefined && variables.SESSION_SECRET_FILE !== undefined,
      ttlSeconds: variables.SESSION_TTL_SECONDS,
      deadlineMs: variables.SESSION_DEADLINE_MS,
      durability: variables.REDIS_DURABILITY,
    },
    redis,
    keyPrefix: variables.REDIS_KEY_PREFIX,
    basePath: variables.BASE_PATH,
    // On Cloud Foundry its router is always in front, and nothing else can reach the app.
    trustProxy: variables.TRUST_PROXY ?? (environment.VCAP_APPLICATION ? 1 : false),
    tracing: tracingOf(variables),
    logLevel: variables.LOG_LEVEL,
    chaosEnabled: variables.CHAOS_ENABLED,
    shutdownDelayMs: variables.SHUTDOWN_DELAY_MS,
  }
}

/**
 * @returns the secrets of the session cookie as they are now, newest first.
 * @throws SettingsError if there is none, or one is too short.
 */
export function readSecrets(environment: Environment): string[] {
  return secretsOf(readVariables(environment))
}

function secretsOf(variables: Variables): string[] {
  const { SESSION_SECRET, SESSION_SECRET_FILE, NODE_ENV } = variables
  const given =
    SESSION_SECRET ?? (SESSION_SECRET_FILE && readFileOf('SESSION_SECRET_FILE', SESSION_SECRET_FILE))
  if (given === undefined && NODE_ENV !== 'production') return [DEVELOPMENT_SECRET]
  // Only at line ends: a comma may be part of a secret, and what is left of it could be guessed.
  const secrets = (given ?? '')
    .split(/[\r\n]+/)
    .map(trimmed)
    .filter(Boolean)
  const short = secrets.some((secret) => secret.length < SECRET_LENGTH)
  if (secrets.length > 0 && !short) return secrets
  throw new SettingsError(
    SESSION_SECRET === undefined && SESSION_SECRET_FILE ? 'SESSION_SECRET_FILE' : 'SESSION_SECRET',
    `has ${short ? `a secret of less than ${SECRET_LENGTH} characters` : 'no secret'}; ` +
      `expected one or more of at least ${SECRET_LENGTH} characters, one a line, the newest first`,
  )
}

/**
 * @returns where Redis is and how to log on to it, as files and bindings say now; undefined if there is none.
 * @throws SettingsError if they can't be read.
 */
export function readRedis(environment: Environment): RedisSettings | undefined {
  return redisSettings(readVariables(environment), environment)
}

function tracingOf(variables: Variables): boolean {
  const endpoint = variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? variables.OTEL_EXPORTER_OTLP_ENDPOINT
  return endpoint !== undefined && variables.OTEL_SDK_DISABLED !== 'true'
}

function instanceOf(environment: Environment): Pick<Settings, 'instance' | 'indexGroup'> {
  const { id, index, indexGroup } = cloudFoundryInstance(environment)
  // In a pod the host's name is the pod's; on a developer's machine all instances would share it.
  const pod = environment.KUBERNETES_SERVICE_HOST ? environment.HOSTNAME : undefined
  return { instance: { id: id ?? pod ?? randomBytes(4).toString('hex'), index: index ?? null }, indexGroup }
}
