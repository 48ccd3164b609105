// Reads the settings of the demo from the environment.
import * as v from 'valibot'
import { type Environment, parseVariables, readVariables, whole } from '../counter/config/environment.js'
import { SettingsError } from '../counter/config/settings-error.js'
import type { StoreName } from '../counter/config/store-names.js'

interface DemoSettings {
  /** The load balancer's port. */
  readonly port: number
  readonly instances: number
  readonly dataFolder: string | undefined
  readonly store: StoreName
  readonly redisUrl: string | undefined
}

const Variables = v.object({
  DEMO_PORT: v.optional(whole(0, 65_535), '8080'),
  DEMO_INSTANCES: v.optional(whole(1, 16), '4'),
  DEMO_DATA: v.optional(v.string()),
})

/**
 * Reads what the demo, and the instances that it starts, find in the environment.
 * @throws SettingsError for the first variable that has a value which isn't accepted.
 */
export function readDemoSettings(environment: Environment): DemoSettings {
  const { DEMO_PORT, DEMO_INSTANCES, DEMO_DATA } = parseVariables(Variables, environment)
  const { SESSION_STORE, REDIS_URL, REDIS_NODES, REDIS_MODE } = readVariables(environment)
  if (REDIS_NODES || REDIS_MODE !== 'standalone') {
    const variable = REDIS_NODES ? 'REDIS_NODES' : 'REDIS_MODE'
    throw new SettingsError(variable, 'the demo knows no such Redis; expected REDIS_URL, or none of these')
  }
  return {
    port: DEMO_PORT,
    instances: DEMO_INSTANCES,
    dataFolder: DEMO_DATA,
    store: SESSION_STORE,
    redisUrl: REDIS_URL,
  }
}
