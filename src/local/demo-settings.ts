import * as v from 'valibot'

/** The stores in the order in which the demo switches; the first is the default. */
const STORES = ['connect-redis', 'memory'] as const

const Schema = v.object({
  DEMO_PORT: whole('DEMO_PORT', 0, 65_535, '8080'),
  DEMO_INSTANCES: whole('DEMO_INSTANCES', 1, 16, '4'),
  DEMO_DATA: v.optional(v.string()),
  SESSION_STORE: v.optional(
    v.picklist(STORES, `SESSION_STORE must be one of ${STORES.join(', ')}`),
    STORES[0],
  ),
  REDIS_URL: v.optional(v.string()),
})

export type DemoSettings = v.InferOutput<typeof Schema>

/** A setting that can't be: its message names the variable and what it may be. */
export class BadSetting extends Error {}

/**
 * Reads the demo's settings from the environment.
 * @throws BadSetting
 */
export function readDemoSettings(environment: Record<string, string | undefined>): DemoSettings {
  const parsed = v.safeParse(Schema, environment)
  if (!parsed.success) throw new BadSetting(parsed.issues[0].message)
  return parsed.output
}

/** @returns the store that comes after this one, and after the last the first. */
export function nextStore(store: string): string {
  const index = STORES.findIndex((name) => name === store)
  return STORES[(index + 1) % STORES.length] ?? STORES[0]
}

function whole(name: string, least: number, most: number, fallback: string) {
  return v.pipe(
    v.optional(v.string(), fallback),
    v.transform(Number),
    v.check(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      `${name} must be a whole number from ${least} to ${most}`,
    ),
  )
}
