// Runs a program to its end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface Ended {
  code: number | null
  output: string
  errors: string
}

/**
 * @param options interrupts: when its time is over, it is asked to end instead of killed
 * @throws Error if there is no such program, or if it fails and `mayFail` isn't given
 */
export async function run(
  [program = '', ...args]: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {},
  { mayFail = false, patienceMs = 900_000, interrupts = false } = {},
): Promise<Ended> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patienceMs,
    killSignal: interrupts ? 'SIGTERM' : 'SIGKILL',
  })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  process.off('exit', end)
  if (code !== 0 && !mayFail)
    throw new Error(
      `${[program, ...args].join(' ')} ended with ${code}: ${(errors || output).trim().slice(-1000)}`,
    )
  return { code, output, errors }
}
