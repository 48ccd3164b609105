// Reads the settings of the demo from the environment.
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { type Environment, parseVariables, readVariables, whole } from '../counter/config/environment.js'
import { SettingsError } from '../counter/config/settings-error.js'
import type { StoreName } from '../counter/config/store-names.js'

const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

interface DemoSettings {
  /** The load balancer's port. */
  readonly port: number
  readonly instances: number
  /** Where the data is kept: DEMO_DATA, else below the project, for each port its own. */
  readonly dataFolder: string
  readonly store: StoreName
  readonly redisUrl: string | undefined
}

const USUAL_PORT = 8080

const Variables = v.object({
  DEMO_PORT: v.optional(whole(0, 65_535), `${USUAL_PORT}`),
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
    dataFolder: resolve(DEMO_DATA ?? join(PROJECT, '.data', DEMO_PORT === USUAL_PORT ? '' : `${DEMO_PORT}`)),
    store: SESSION_STORE,
    redisUrl: REDIS_URL,
  }
}
