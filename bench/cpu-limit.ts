import { Cgroup, version1 } from './cgroup.js'

// Short, so that a process that has had its share waits for some ms at most; but the kernel gives no less than 1 ms at once.
const PERIOD_US = 10_000
const LEAST_US = 1_000

/** Holds a process to a share of a core. */
export interface CpuLimit {
  readonly group: Cgroup
  /** @param cores undefined: all that there are */
  set(cores: number | undefined): void
}

/** @returns one that holds nothing yet; undefined where this process may set none. */
export function cpuLimit(): CpuLimit | undefined {
  const group = Cgroup.make('cpu', settingsFor(undefined))
  return (
    group && {
      group,
      set: (cores) => {
        for (const [file, value] of Object.entries(settingsFor(cores))) group.write(file, value)
      },
    }
  )
}

function settingsFor(cores: number | undefined): Record<string, string> {
  const period = Math.max(PERIOD_US, Math.round(LEAST_US / (cores ?? 1)))
  const quota = cores === undefined ? undefined : Math.round(cores * period)
  return version1
    ? { 'cpu.cfs_period_us': `${period}`, 'cpu.cfs_quota_us': `${quota ?? -1}` }
    : { 'cpu.max': `${quota ?? 'max'} ${period}` }
}
