import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Environment } from './environment.js'
import { SettingsError } from './settings-error.js'

const port = v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.integer())

/** What brokers of both kinds call the parts of an address. */
const Credentials = v.object({
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

const Service = v.object({
  name: v.optional(v.nullable(v.string()), ''),
  label: v.optional(v.string(), ''),
  tags: v.optional(v.nullable(v.array(v.string()))),
  credentials: v.optional(v.unknown()),
})
const VcapServices = v.record(v.string(), v.array(Service))

const VcapApplication = v.object({
  instance_id: v.optional(v.string()),
  instance_index: v.optional(v.number()),
  name: v.optional(v.string(), ''),
  version: v.optional(v.string(), ''),
})

/**
 * The Redis that Cloud Foundry bound to this app: by tag, label or plan (p-redis, rediscloud, aws-elasticache-redis…), by
 * the name that the user gave, or by the scheme of a user-provided service's URI.
 * @returns its URL, or undefined where none is bound.
 * @throws SettingsError where VCAP_SERVICES isn't what Cloud Foundry sets.
 */
export function vcapRedis(environment: Environment): string | undefined {
  const { VCAP_SERVICES } = environment
  if (!VCAP_SERVICES) return undefined
  const labels = json(VcapServices, 'VCAP_SERVICES', VCAP_SERVICES)
  const services = Object.entries(labels).flatMap(([label, bound]) => bound.map((s) => ({ ...s, label })))
  const called = (text: string) => /redis|valkey/i.test(text)
  const redis =
    services.find(({ tags }) => tags?.some(called)) ??
    services.find(({ label }) => called(label)) ??
    services.find(({ name }) => called(name ?? '')) ??
    services.find(({ credentials }) =>
      /^rediss?:/.test(String(v.is(Credentials, credentials) && credentials.uri)),
    )
  return redis && urlOf('VCAP_SERVICES', redis.credentials)
}

/**
 * The first binding of the type `redis` below SERVICE_BINDING_ROOT (servicebinding.io: a folder for each binding, a file for
 * each entry).
 * @returns its URL, or undefined where there is none.
 * @throws SettingsError where the folder can't be read or the binding has no address.
 */
export function boundRedis(environment: Environment): string | undefined {
  const { SERVICE_BINDING_ROOT: root } = environment
  if (!root) return undefined
  for (const name of listFolder(root)) {
    const folder = join(root, name)
    const entries = readEntries(folder)
    if (/^(redis|valkey)$/i.test(entries.type ?? '')) return urlOf('SERVICE_BINDING_ROOT', entries)
  }
  return undefined
}

/**
 * @returns what Cloud Foundry says of this instance; nothing elsewhere. With CF_INSTANCE_INDEX=auto, which a platform sets
 *   that numbers no instances, the group within which they number themselves: this version of the app.
 */
export function cloudFoundryInstance(environment: Environment): {
  id?: string | undefined
  index?: number | undefined
  indexGroup?: string | undefined
} {
  const { VCAP_APPLICATION, CF_INSTANCE_GUID, CF_INSTANCE_INDEX } = environment
  const application = json(VcapApplication, 'VCAP_APPLICATION', VCAP_APPLICATION || '{}')
  const id = CF_INSTANCE_GUID || application.instance_id
  if (CF_INSTANCE_INDEX === 'auto') return { id, indexGroup: `${application.name}:${application.version}` }
  if (CF_INSTANCE_INDEX && !/^\d+$/.test(CF_INSTANCE_INDEX)) {
    throw new SettingsError(
      'CF_INSTANCE_INDEX',
      `"${CF_INSTANCE_INDEX}" is not accepted; expected a whole number, or auto`,
    )
  }
  return { id, index: CF_INSTANCE_INDEX ? Number(CF_INSTANCE_INDEX) : application.instance_index }
}

function urlOf(variable: string, found: unknown): string {
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

function json<const S extends v.GenericSchema>(schema: S, variable: string, value: string): v.InferOutput<S> {
  let found: unknown
  try {
    found = JSON.parse(value)
  } catch {
    throw new SettingsError(variable, 'is no JSON; expected what Cloud Foundry sets')
  }
  const parsed = v.safeParse(schema, found)
  if (parsed.success) return parsed.output
  throw new SettingsError(variable, `has an unknown form at ${v.getDotPath(parsed.issues[0]) ?? 'its top'}`)
}

function listFolder(root: string): string[] {
  try {
    return readdirSync(root)
      .filter((name) => !name.startsWith('.'))
      .sort()
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new SettingsError(
      'SERVICE_BINDING_ROOT',
      `${root} can't be read (${code}); expected a folder of bindings`,
    )
  }
}

function readEntries(folder: string): Record<string, string> {
  const entries: Record<string, string> = {}
  try {
    // A file beside the bindings is none.
    if (!statSync(folder).isDirectory()) return entries
    for (const name of listFolder(folder)) {
      const file = join(folder, name)
      if (statSync(file).isFile()) entries[name] = readFileSync(file, 'utf8').trim()
    }
  } catch (error) {
    if (error instanceof SettingsError) throw error
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new SettingsError('SERVICE_BINDING_ROOT', `${folder} can't be read (${code}); expected a binding`)
  }
  return entries
}
