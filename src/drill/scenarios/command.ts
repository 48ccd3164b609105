// A fault of your own: a shell command.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { CouldNotRun } from '../could-not-run.js'
import { plainText } from '../plain-text.js'
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
    run: (say, _, stop) => run(command, say, stop),
  }
}

/** Runs it by the shell; says its last line. When the drill is stopped, so is the command with all that it started. */
async function run(command: string, say: (text: string) => void, stop?: AbortSignal): Promise<void> {
  // A group of its own can be ended as a whole.
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let last = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      last = plainText(text.trim().split('\n').at(-1) ?? '') || last
    })
  }
  const end = () => kill(child, 'SIGTERM')
  stop?.addEventListener('abort', end)
  process.once('exit', end)
  try {
    if (stop?.aborted) end()
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    // Its last words may be on their way. What it leaves in the background holds its output open.
    await Promise.race([once(child, 'close'), sleep(LAST_WORDS_MS, undefined, { ref: false })])
    // If this process was busy for that long itself, they are there and not read yet.
    await new Promise(setImmediate)
    const how = code === null ? `ended by ${signal}` : `exit code ${code}`
    if (code !== 0) throw new Error(`${how}${last === '' ? '' : `: ${last}`}`)
    if (last !== '') say(last)
  } finally {
    stop?.removeEventListener('abort', end)
    process.off('exit', end)
  }
}

const LAST_WORDS_MS = 300

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // It has ended already.
  }
}
