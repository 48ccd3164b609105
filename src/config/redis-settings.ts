import { boundRedis, vcapRedis } from './bindings.js'
import { type Environment, readFileOf, type Variables } from './environment.js'
import { SettingsError } from './settings-error.js'

export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** How to reach Redis, wherever it was found. */
export interface RedisSettings {
  readonly mode: 'standalone' | 'sentinel' | 'cluster'
  /** The server; in the mode `sentinel` the sentinels, in the mode `cluster` some of its nodes. */
  readonly nodes: readonly RedisNode[]
  /** What the sentinels call the primary. */
  readonly sentinelName: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly db: number
  /** undefined: no TLS; `ca`: PEM of the authority that signed the server's certificate, else the system's. */
  readonly tls?: { readonly ca?: string } | undefined
}

/**
 * @returns where Redis is: explicit settings win over a service binding, a binding over VCAP_SERVICES; undefined for none.
 * @throws SettingsError where what is set doesn't make sense.
 */
export function redisSettings(variables: Variables, environment: Environment): RedisSettings | undefined {
  const ca = certificateOf(variables)
  const password =
    variables.REDIS_PASSWORD ??
    (variables.REDIS_PASSWORD_FILE && readFileOf('REDIS_PASSWORD_FILE', variables.REDIS_PASSWORD_FILE))
  const found =
    explicit(variables) ??
    fromUrl('SERVICE_BINDING_ROOT', boundRedis(environment)) ??
    fromUrl('VCAP_SERVICES', vcapRedis(environment))
  if (!found) return undefined
  return {
    ...found,
    username: variables.REDIS_USERNAME ?? found.username,
    password: password || found.password,
    tls: ca === undefined ? found.tls : { ca },
  }
}

function explicit(variables: Variables): RedisSettings | undefined {
  const { REDIS_MODE: mode, REDIS_NODES: nodes, REDIS_SENTINEL_NAME: sentinelName } = variables
  if (variables.REDIS_URL) {
    if (nodes) throw new SettingsError('REDIS_URL', 'is set beside REDIS_NODES; expected one of the two')
    if (mode !== 'standalone') {
      throw new SettingsError('REDIS_MODE', `"${mode}" needs REDIS_NODES; REDIS_URL is for standalone`)
    }
    return fromUrl('REDIS_URL', variables.REDIS_URL)
  }
  if (nodes) return { mode, nodes, sentinelName, db: 0 }
  if (mode !== 'standalone') {
    throw new SettingsError('REDIS_NODES', `is not set; REDIS_MODE=${mode} needs it (host:port, …)`)
  }
  return undefined
}

function fromUrl(variable: string, address: string | undefined): RedisSettings | undefined {
  if (!address) return undefined
  const url = new URL(address)
  const db = url.pathname.slice(1) || url.searchParams.get('db') || '0'
  if (!/^\d+$/.test(db)) throw new SettingsError(variable, `"/${db}" is no database; expected a whole number`)
  return {
    mode: 'standalone',
    nodes: [{ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || 6379) }],
    sentinelName: '',
    username: decoded(variable, url.username),
    password: decoded(variable, url.password),
    db: Number(db),
    tls: url.protocol === 'rediss:' ? {} : undefined,
  }
}

// An empty one (a Secret that is not filled yet) must not turn TLS off.
function certificateOf({ REDIS_TLS_CA_FILE: path }: Variables): string | undefined {
  if (!path) return undefined
  const pem = readFileOf('REDIS_TLS_CA_FILE', path)
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw new SettingsError('REDIS_TLS_CA_FILE', `${path} holds no certificate; expected one or more in PEM`)
}

function decoded(variable: string, part: string): string | undefined {
  try {
    return decodeURIComponent(part) || undefined
  } catch {
    throw new SettingsError(variable, 'has a % that begins no escape; expected %25 in its place')
  }
}
