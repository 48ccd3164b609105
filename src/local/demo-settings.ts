import { type Environment, readVariables } from '../config/environment.js'
import { SettingsError } from '../config/settings-error.js'

export interface DemoSettings {
  /** The load balancer's port. */
  readonly port: number
  readonly instances: number
  readonly dataFolder: string | undefined
  readonly store: string
  readonly redisUrl: string | undefined
}

/**
 * Reads what the demo, and the instances that it starts, find in the environment.
 * @throws SettingsError for the first variable that has a value which isn't accepted.
 */
export function readDemoSettings(environment: Environment): DemoSettings {
  const { SESSION_STORE, REDIS_URL } = readVariables(environment)
  return {
    port: whole(environment, 'DEMO_PORT', 8080, 0, 65_535),
    instances: whole(environment, 'DEMO_INSTANCES', 4, 1, 16),
    dataFolder: environment.DEMO_DATA || undefined,
    store: SESSION_STORE,
    redisUrl: REDIS_URL,
  }
}

function whole(
  environment: Environment,
  variable: string,
  usual: number,
  least: number,
  most: number,
): number {
  const text = environment[variable] || `${usual}`
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  const expected = `a whole number from ${least} to ${most}`
  throw new SettingsError(variable, `${JSON.stringify(text)} is not accepted; expected ${expected}`)
}
