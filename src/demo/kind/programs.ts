// The programs that `npm run kind` drives: each is shown before it runs.
import { execFileSync } from 'node:child_process'
import { findProgram } from '../find-program.js'

const NEEDED = {
  docker: 'https://docs.docker.com/get-docker/',
  kind: 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
  kubectl: 'https://kubernetes.io/docs/tasks/tools/',
  helm: 'https://helm.sh/docs/intro/install/',
}

export const say = (line: string) => process.stderr.write(`· ${line}\n`)

/** @throws Error that names what is missing, and where to get it. */
export function checkPrograms(): void {
  const missing = Object.entries(NEEDED).filter(([program]) => !findProgram(program))
  if (missing.length > 0) {
    const lines = missing.map(([program, where]) => `  ${program}: ${where}`)
    throw new Error(`please install what is missing here, and run this again:\n${lines.join('\n')}`)
  }
  if (ask('docker', 'version', '--format', '{{.Server.Version}}') === undefined) {
    throw new Error('Docker is installed, but it does not answer: start it, and run this again')
  }
}

/** Runs a program that shows what it does. @throws Error when it fails. */
export function run(program: string, ...args: string[]): void {
  execute('inherit', program, args)
}

/** Runs a program of which only the errors are shown. @throws Error when it fails. */
export function runQuietly(program: string, ...args: string[]): void {
  execute('ignore', program, args)
}

function execute(stdout: 'inherit' | 'ignore', program: string, args: string[]): void {
  say([program, ...args].join(' '))
  try {
    execFileSync(program, args, { stdio: ['ignore', stdout, 'inherit'] })
  } catch {
    throw new Error(`failed: ${program} ${args.join(' ')}`)
  }
}

/** @returns what a program prints; undefined when it fails. */
export function ask(program: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
