// A fault of your own: a shell command.
import { spawn } from 'node:child_process'
import { CouldNotRun } from '../could-not-run.js'
import type { Scenario } from './scenario.js'

/**
 * @param words `NAME=COMMAND`, or `NAME@TIME=COMMAND` for a given time of the load
 * @throws CouldNotRun when they cannot be read
 */
export function commandScenario(words: string): Scenario {
  const [, name = '', number, unit = 's', command = ''] =
    /^([\w.-]+)(?:@(\d+(?:\.\d+)?)(ms|s|m)?)?=(.+)$/s.exec(words) ?? []
  if (name === '') throw new CouldNotRun(`--do takes 'NAME=COMMAND' or 'NAME@20s=COMMAND', not ${words}`)
  const factor = { ms: 1, s: 1000, m: 60_000 }[unit] ?? 1000
  return {
    name,
    intent: command,
    ...(number !== undefined && { at: Number(number) * factor }),
    run: (say) => run(command, say),
  }
}

/** Runs it by the shell; says its last lines. */
async function run(command: string, say: (text: string) => void): Promise<void> {
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let last = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      last = text.trim().split('\n').at(-1)?.slice(0, 200) || last
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) throw new Error(`exit code ${code}${last === '' ? '' : `: ${last}`}`)
  if (last !== '') say(last)
}
