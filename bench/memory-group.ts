import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'
// The same things by their names in version 1 and in version 2 of cgroups.
const V1 = {
  parent: join(ROOT, 'memory'),
  limit: 'memory.limit_in_bytes',
  peak: 'memory.max_usage_in_bytes',
  events: 'memory.oom_control',
  swap: ['memory.swappiness', '0'],
} as const
const V2 = {
  parent: ROOT,
  limit: 'memory.max',
  peak: 'memory.peak',
  events: 'memory.events',
  swap: ['memory.swap.max', '0'],
} as const

/** A cgroup that holds a process to so much memory. */
export interface MemoryGroup {
  /** @returns the command that runs the given one in this group. */
  inside(command: readonly string[]): string[]
  /** bytes: the highest that it held, files that it read first included */
  peak(): number
  /** How often the kernel killed a process for lack of memory. */
  kills(): number
  /** Takes the group away, once the processes in it, which are being killed, are gone. */
  remove(): void
}

/** @returns a group of this process' own; undefined where it may not make one. */
export function memoryGroup(bytes: number): MemoryGroup | undefined {
  const names = existsSync(V1.parent) ? V1 : V2
  const folder = join(names.parent, `redissessions-bench-${process.pid}`)
  try {
    mkdirSync(folder)
  } catch {
    return undefined
  }
  try {
    writeFileSync(join(folder, names.limit), `${bytes}`)
    writeFileSync(join(folder, names.swap[0]), names.swap[1])
  } catch {
    rmdirSync(folder)
    return undefined
  }
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return {
    inside: (command) => ['sh', '-c', `echo $$ > ${folder}/cgroup.procs && exec "$@"`, 'sh', ...command],
    peak: () => Number(read(names.peak)),
    kills: () => Number(/^oom_kill (\d+)/m.exec(read(names.events))?.[1] ?? 0),
    remove: () => removeSoon(folder),
  }
}

// For the end of this process, where nothing can be awaited any more.
function removeSoon(folder: string): void {
  for (let tries = 0; existsSync(folder) && tries < 40; tries += 1) {
    try {
      rmdirSync(folder)
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25)
    }
  }
}
