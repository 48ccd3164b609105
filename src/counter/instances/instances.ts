// What the app knows of its instances: the list that the API and the page show.
import type { Instance, LiveInstance } from './instance.js'

/** The live instances of this app, by index, then id. */
export interface Instances {
  /** Asks which ones are alive now. */
  now(): Promise<readonly LiveInstance[]>
  /** Those that were alive when last asked; costs nothing. */
  readonly last: readonly LiveInstance[]
}

/** @returns what an instance without Redis knows of: itself. */
export function singleInstance(instance: Instance, startedAt: number): Instances {
  const last = [{ ...instance, startedAt }]
  return { now: async () => last, last }
}
