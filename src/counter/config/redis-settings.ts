import { vcapRedis } from './cloud-foundry.js'
import { type Environment, readFileOf, type Variables } from './environment.js'
import { boundRedis } from './service-binding.js'
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
  /**
   * undefined: no TLS; `ca`: PEM of the authority that signed the server's certificate, else the system's; `cert` and `key`:
   * PEM of the client's own.
   */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
}

/**
 * @returns where Redis is: explicit settings win over a service binding, a binding over VCAP_SERVICES; undefined for none.
 * @throws SettingsError where what is set doesn't make sense.
 */
export function redisSettings(variables: Variables, environment: Environment): RedisSettings | undefined {
  const tls = tlsOf(variables)
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
    tls: tls ?? found.tls,
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

function tlsOf(variables: Variables): RedisSettings['tls'] {
  const { REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE } = variables
  const ca = REDIS_TLS_CA_FILE && pemOf('REDIS_TLS_CA_FILE', REDIS_TLS_CA_FILE, 'CERTIFICATE')
  if (!REDIS_TLS_CERT_FILE && !REDIS_TLS_KEY_FILE) return ca ? { ca } : undefined
  if (!REDIS_TLS_CERT_FILE || !REDIS_TLS_KEY_FILE) {
    const [missing, given] = REDIS_TLS_CERT_FILE ? ['KEY', 'CERT'] : ['CERT', 'KEY']
    throw new SettingsError(
      `REDIS_TLS_${missing}_FILE`,
      `is not set beside REDIS_TLS_${given}_FILE; expected both or neither`,
    )
  }
  return {
    ...(ca ? { ca } : {}),
    cert: pemOf('REDIS_TLS_CERT_FILE', REDIS_TLS_CERT_FILE, 'CERTIFICATE'),
    key: pemOf('REDIS_TLS_KEY_FILE', REDIS_TLS_KEY_FILE, 'PRIVATE KEY'),
  }
}

// An empty one (a Secret that is not filled yet) must not turn TLS off.
function pemOf(variable: string, path: string, label: 'CERTIFICATE' | 'PRIVATE KEY'): string {
  const pem = readFileOf(variable, path)
  if (new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(pem)) return pem
  throw new SettingsError(variable, `${path} holds no ${label.toLowerCase()}; expected PEM`)
}

function decoded(variable: string, part: string): string | undefined {
  try {
    return decodeURIComponent(part) || undefined
  } catch {
    throw new SettingsError(variable, 'has a % that begins no escape; expected %25 in its place')
  }
}
