// What the league knows of a stack, and where its things are.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

export const LEAGUE = resolve('league')
export const BUILDS = resolve('league/.build')

/** A link to what a stack's maintainers know. */
export interface Issue {
  name: string
  url: string
  says: string
}

export interface Stack {
  /** Its name on the command line. */
  name: string
  title: string
  /** Folder of its source, below league. */
  folder: string
  /** Programs that it needs: a stack whose programs are missing is left out. */
  needs: readonly (readonly string[])[]
  /** Installs and builds it, in its folder. */
  build: readonly (readonly string[])[]
  /** Done once before its instances start, such as a database. */
  setUp?: readonly (readonly string[])[]
  /** Starts an instance, in its folder. `$PORT` is its port. */
  start: readonly string[]
  /** The drill's options for it, besides those of all. */
  drill: readonly string[]
  versions(): string[]
  issues: readonly Issue[]
  /** What a reader should know. */
  note?: string
}

/** @returns the first of the programs that doesn't work here */
export function missing({ needs }: Stack): string | undefined {
  for (const [program = '', ...args] of needs) {
    try {
      execFileSync(program, args, { stdio: 'ignore' })
    } catch {
      return [program, ...args].join(' ')
    }
  }
  return undefined
}

export function npmVersions(folder: string, ...names: string[]): string[] {
  return names.map((name) => {
    const read = JSON.parse(readFileSync(`${LEAGUE}/${folder}/node_modules/${name}/package.json`, 'utf8'))
    return `${read.name} ${read.version}`
  })
}

/** @returns what a file pins: `pattern` has a group for the name and one for the version */
export function pinned(file: string, pattern: RegExp): string[] {
  const text = readFileSync(`${LEAGUE}/${file}`, 'utf8')
  return [...text.matchAll(pattern)].map(([, name = '', version = '']) => `${name} ${version}`)
}

export function said(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' }).trim()
}
