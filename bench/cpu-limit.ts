import { Cgroup, version1 } from './cgroup.js'

// Short, so that a process that has had its share waits for some ms at most.
const PERIOD_US = 10_000

/** Holds a process to a share of a core. */
export interface CpuLimit {
  readonly group: Cgroup
  /** @param cores undefined: all that there are */
  set(cores: number | undefined): void
}

/** @returns one that holds nothing yet; undefined where this process may set none. */
export function cpuLimit(): CpuLimit | undefined {
  const settings = version1 ? { 'cpu.cfs_period_us': `${PERIOD_US}` } : { 'cpu.max': `max ${PERIOD_US}` }
  const group = Cgroup.make('cpu', settings)
  return (
    group && {
      group,
      set: (cores) => {
        const quota = cores === undefined ? undefined : Math.round(cores * PERIOD_US)
        if (version1) group.write('cpu.cfs_quota_us', `${quota ?? -1}`)
        else group.write('cpu.max', `${quota ?? 'max'} ${PERIOD_US}`)
      },
    }
  )
}
