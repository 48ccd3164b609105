// Reads what Cloud Foundry tells an app: its bound Redis, and which instance this is.
import * as v from 'valibot'
import { boundAddress, Credentials } from './credentials.js'
import type { Environment } from './environment.js'
import type { RedisAddress } from './redis-url.js'
import { SettingsError } from './settings-error.js'

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
 * @returns where it is; undefined if none is bound.
 * @throws SettingsError if VCAP_SERVICES isn't what Cloud Foundry sets.
 */
export function vcapRedis(environment: Environment): RedisAddress | undefined {
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
  return redis && boundAddress('VCAP_SERVICES', redis.credentials)
}

/**
 * @returns what Cloud Foundry says about this instance; nothing on other platforms. With CF_INSTANCE_INDEX=auto, which a
 *   platform sets if it doesn't number instances, the group within which they number themselves: this version of the app.
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

function json<const S extends v.GenericSchema>(schema: S, variable: string, value: string): v.InferOutput<S> {
  let found: unknown
  try {
    found = JSON.parse(value)
  } catch {
    throw new SettingsError(variable, 'is not valid JSON; expected the value set by Cloud Foundry')
  }
  const parsed = v.safeParse(schema, found)
  if (parsed.success) return parsed.output
  throw new SettingsError(variable, `has an unknown form at ${v.getDotPath(parsed.issues[0]) ?? 'its top'}`)
}
