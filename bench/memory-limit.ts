import { Cgroup, version1 } from './cgroup.js'
import { imageEnvironment } from './image.js'

const [LIMIT, SWAP, PEAK, EVENTS] = version1
  ? ['memory.limit_in_bytes', 'memory.swappiness', 'memory.max_usage_in_bytes', 'memory.oom_control']
  : ['memory.max', 'memory.swap.max', 'memory.peak', 'memory.events']

/** Holds a process to so much memory. */
export interface MemoryLimit {
  readonly group: Cgroup
  /** bytes: the highest that it held, with the files that it was the first to read; NaN where the kernel doesn't tell */
  peak(): number
  /** How often the kernel killed a process for lack of memory; NaN where it doesn't tell. */
  kills(): number
}

/** How to run a program as the image does in a container of so much memory. */
interface Contained {
  /** undefined where this process may set no limit */
  readonly held: MemoryLimit | undefined
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** @param mib of memory, that the container has in all */
export function inMemoryOf(mib: number, command: readonly string[]): Contained {
  const held = memoryLimit(mib * 2 ** 20)
  const environment = imageEnvironment()
  if (held) return { held, command: held.group.inside(command), environment }
  // The same share, of the limit instead of the machine's memory.
  const { NODE_OPTIONS = '' } = environment
  const heap = NODE_OPTIONS.replace(
    /-percentage=(\d+)/,
    (_, percent: string) => `=${Math.floor((mib * Number(percent)) / 100)}`,
  )
  return { held, command, environment: { ...environment, NODE_OPTIONS: heap } }
}

function memoryLimit(bytes: number): MemoryLimit | undefined {
  const group = Cgroup.make('memory', { [LIMIT]: `${bytes}`, [SWAP]: '0' })
  return (
    group && {
      group,
      peak: () => Number(group.read(PEAK) ?? Number.NaN),
      kills: () => Number(/^oom_kill (\d+)/m.exec(group.read(EVENTS) ?? '')?.[1]),
    }
  )
}
