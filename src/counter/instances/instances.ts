import type { Instance, LiveInstance } from './instance.js'

/** The live instances of this app, by index, then id. */
export interface Replicas {
  /** Asks who lives now. */
  now(): Promise<readonly LiveInstance[]>
  /** Who lived when last asked, at no cost. */
  readonly last: readonly LiveInstance[]
}

/** @returns what an instance without Redis knows of: itself. */
export function onlyThis(instance: Instance, startedAt: number): Replicas {
  const last = [{ ...instance, startedAt }]
  return { now: async () => last, last }
}
