import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { whenThisEnds } from './process.js'

const ROOT = '/sys/fs/cgroup'
let made = 0

/** Whether cgroups are of version 1 here: a tree for each controller, and other names for the same files. */
export const version1 = existsSync(join(ROOT, 'memory'))

/** A group of processes that the kernel holds to a limit. */
export class Cgroup {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** @returns a group that ends with this process, and all in it; undefined where it may not make one, or not set this. */
  static make(controller: 'memory' | 'cpu', settings: Readonly<Record<string, string>>): Cgroup | undefined {
    made += 1
    const name = `redissessions-bench-${process.pid}-${made}`
    const folder = version1 ? join(ROOT, controller, name) : join(ROOT, name)
    try {
      mkdirSync(folder)
    } catch {
      return undefined
    }
    const group = new Cgroup(folder)
    try {
      for (const [file, value] of Object.entries(settings)) group.write(file, value)
    } catch {
      rmdirSync(folder)
      return undefined
    }
    whenThisEnds(() => group.#end())
    return group
  }

  /** @returns the command that runs the given one in this group. */
  inside(command: readonly string[]): string[] {
    return ['sh', '-c', `echo $$ > ${this.#folder}/cgroup.procs && exec "$@"`, 'sh', ...command]
  }

  /** @returns undefined where this kernel has no such file */
  read(file: string): string | undefined {
    const path = join(this.#folder, file)
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }

  /** @throws Error where the kernel doesn't take it. */
  write(file: string, value: string): void {
    writeFileSync(join(this.#folder, file), value)
  }

  #end(): void {
    for (const pid of this.read('cgroup.procs')?.split('\n').filter(Boolean) ?? [])
      process.kill(Number(pid), 'SIGKILL')
    for (let tries = 0; existsSync(this.#folder) && tries < 40; tries += 1) {
      try {
        rmdirSync(this.#folder)
      } catch {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25)
      }
    }
  }
}
