import { Cgroup, version1 } from './cgroup.js'

const [LIMIT, SWAP, PEAK, EVENTS] = version1
  ? ['memory.limit_in_bytes', 'memory.swappiness', 'memory.max_usage_in_bytes', 'memory.oom_control']
  : ['memory.max', 'memory.swap.max', 'memory.peak', 'memory.events']

/** Holds a process to so much memory. */
interface MemoryLimit {
  readonly group: Cgroup
  /** bytes: the highest that it held, with the files that it was the first to read */
  peak(): number
  /** How often the kernel killed a process for lack of memory. */
  kills(): number
}

/** @returns undefined where this process may set none. */
export function memoryLimit(bytes: number): MemoryLimit | undefined {
  const group = Cgroup.make('memory', { [LIMIT]: `${bytes}`, [SWAP]: '0' })
  return (
    group && {
      group,
      peak: () => Number(group.read(PEAK)),
      kills: () => Number(/^oom_kill (\d+)/m.exec(group.read(EVENTS))?.[1] ?? 0),
    }
  )
}
