// Finds out where Redis is and how to log on to it: from explicit settings, else a service binding, else VCAP_SERVICES.
import { vcapRedis } from './cloud-foundry.js'
import { type Environment, readFileOf, type Variables } from './environment.js'
import { parseRedisUrl, type RedisAddress } from './redis-url.js'
import { boundRedis } from './service-binding.js'
import { SettingsError } from './settings-error.js'

export interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface RedisSettings {
  readonly mode: 'standalone' | 'sentinel' | 'cluster'
  /** The server; in the mode `sentinel` the sentinels, in the mode `cluster` some of its nodes. */
  readonly nodes: readonly RedisNode[]
  /** What the sentinels call the primary. */
  readonly sentinelName: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly db: number
  /** undefined: no TLS. */
  readonly tls?: RedisTls | undefined
}

/** All in PEM. */
interface RedisTls {
  /** The authority that signed the server's certificate; default: the system's. */
  readonly ca?: string
  /** The client's own certificate and key. */
  readonly cert?: string
  readonly key?: string
  /** The name that the server's certificate must have; default: the one by which the server is reached. */
  readonly servername?: string
}

/**
 * @returns undefined if there is no Redis.
 * @throws SettingsError if the settings don't make sense.
 */
export function redisSettings(variables: Variables, environment: Environment): RedisSettings | undefined {
  const found = explicit(variables) ?? at(boundRedis(environment)) ?? at(vcapRedis(environment))
  if (!found) return undefined
  const password =
    variables.REDIS_PASSWORD ??
    (variables.REDIS_PASSWORD_FILE && readFileOf('REDIS_PASSWORD_FILE', variables.REDIS_PASSWORD_FILE))
  const db = variables.REDIS_DATABASE ?? found.db
  if (db > 0 && found.mode === 'cluster')
    throw new SettingsError('REDIS_DATABASE', `"${db}" is not accepted; a Redis Cluster has only database 0`)
  const tls = tlsOf(variables) ?? found.tls
  const servername = variables.REDIS_TLS_SERVERNAME
  if (servername && !tls)
    throw new SettingsError(
      'REDIS_TLS_SERVERNAME',
      'is set without TLS; expected rediss:// or REDIS_TLS_CA_FILE',
    )
  return {
    ...found,
    username: variables.REDIS_USERNAME || found.username,
    password: password || found.password,
    db,
    tls: tls && servername ? { ...tls, servername } : tls,
  }
}

function explicit(variables: Variables): RedisSettings | undefined {
  const {
    REDIS_MODE: mode,
    REDIS_NODES: nodes,
    REDIS_SENTINEL_NAME: sentinelName,
    REDIS_URL: url,
  } = variables
  if (url) {
    if (nodes)
      throw new SettingsError('REDIS_URL', 'is set together with REDIS_NODES; expected one of the two')
    if (mode !== 'standalone') {
      throw new SettingsError('REDIS_MODE', `"${mode}" needs REDIS_NODES; REDIS_URL is for standalone`)
    }
    const address = parseRedisUrl(url)
    return typeof address === 'string' ? undefined : at(address)
  }
  if (nodes) return { mode, nodes, sentinelName, db: 0 }
  if (mode !== 'standalone') {
    throw new SettingsError('REDIS_NODES', `is not set; REDIS_MODE=${mode} needs it (host:port, …)`)
  }
  return undefined
}

function at(address: RedisAddress | undefined): RedisSettings | undefined {
  if (!address) return undefined
  const { host, port, username, password, db, secure } = address
  return {
    mode: 'standalone',
    nodes: [{ host, port }],
    sentinelName: '',
    username,
    password,
    db,
    tls: secure ? {} : undefined,
  }
}

function tlsOf(variables: Variables): RedisTls | undefined {
  const { REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE } = variables
  const ca = REDIS_TLS_CA_FILE && pemOf('REDIS_TLS_CA_FILE', REDIS_TLS_CA_FILE, 'CERTIFICATE')
  if (!REDIS_TLS_CERT_FILE && !REDIS_TLS_KEY_FILE) return ca ? { ca } : undefined
  if (!REDIS_TLS_CERT_FILE || !REDIS_TLS_KEY_FILE) {
    const [missing, given] = REDIS_TLS_CERT_FILE ? ['KEY', 'CERT'] : ['CERT', 'KEY']
    throw new SettingsError(
      `REDIS_TLS_${missing}_FILE`,
      `is not set, but REDIS_TLS_${given}_FILE is; expected both or neither`,
    )
  }
  return {
    ...(ca ? { ca } : {}),
    cert: pemOf('REDIS_TLS_CERT_FILE', REDIS_TLS_CERT_FILE, 'CERTIFICATE'),
    key: pemOf('REDIS_TLS_KEY_FILE', REDIS_TLS_KEY_FILE, 'PRIVATE KEY'),
  }
}

// An empty file (a Secret that is not filled yet) must not turn TLS off.
function pemOf(variable: string, path: string, label: 'CERTIFICATE' | 'PRIVATE KEY'): string {
  const pem = readFileOf(variable, path)
  if (new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(pem)) return pem
  throw new SettingsError(variable, `the file holds no ${label.toLowerCase()}; expected PEM`)
}
