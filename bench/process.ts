import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findProgram } from '../src/demo/find-program.js'

const taskset = findProgram('taskset')

/** Where the server runs that is measured, and where all that serves the measuring does. */
export const [SERVER_CPU, OTHER_CPU] = [0, 1]

/** Whether processes can be held on a CPU each. */
export const pins = taskset !== undefined

const atEnd: (() => void)[] = []
process.once('exit', () => {
  // What was started last ends first: a server before its Redis.
  for (const work of atEnd.reverse()) work()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Has this done when this process ends, however it does; nothing can be awaited then. */
export function whenThisEnds(work: () => void): void {
  atEnd.push(work)
}

/** @returns the version of a Node, such as v24.21.0. */
export function nodeVersion(program: string): string {
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
}

/** Keeps this process on one CPU, by itself the one where no server is measured. */
export function pinThis(cpu = OTHER_CPU): void {
  if (taskset) execFileSync(taskset, ['-a', '-cp', `${cpu}`, `${process.pid}`], { stdio: 'ignore' })
}

/** Starts a program on one CPU, where that can be done; it ends with this process. */
export function start(
  cpu: number,
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const [file, ...rest] = taskset ? [taskset, '-c', `${cpu}`, program, ...args] : [program, ...args]
  const child = spawn(file ?? '', rest, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  whenThisEnds(() => child.kill('SIGKILL'))
  return child
}

/** What a process has used so far. */
interface Usage {
  /** s of CPU */
  readonly cpu: number
  /** bytes: of its own (not of files) now, and in all at its highest */
  readonly anonymous: number
  readonly peak: number
}

/** @returns what the kernel says of a process; NaN where it isn't Linux. */
export function usageOf({ pid }: ChildProcess): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) * 1024
    // In ticks of 10 ms.
    return {
      cpu: (Number(stat[11]) + Number(stat[12])) / 100,
      anonymous: bytes('RssAnon'),
      peak: bytes('VmHWM'),
    }
  } catch {
    return { cpu: Number.NaN, anonymous: Number.NaN, peak: Number.NaN }
  }
}
