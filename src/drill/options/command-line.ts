// Reads the command line into the same options that a program gives.
import { parseArgs } from 'node:util'
import { CouldNotRun } from '../could-not-run.js'
import { OPTION_LIST, type Settings } from './table.js'

export type CommandLine =
  | { version: true }
  | { help: 'brief' | 'full' }
  | { url: string; settings: Partial<Settings> }

const RENAMED: Readonly<Record<string, string>> = {
  concurrency: '--burst N',
  adapter: "--visit 'METHOD /path' and --number WHERE",
  'adapter-destroy': "--logout 'METHOD /path'",
  'adapter-instance': '--instance WHERE',
  'cookie-name': '--cookie NAME',
}

/** @throws CouldNotRun that names the option and what it takes */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args)
  if (values.help) return { help: 'full' }
  if (values.version) return { version: true }
  if (values.h) return { help: 'brief' }
  const [url, ...more] = positionals
  if (url === undefined || more.length > 0)
    throw new CouldNotRun('one URL is needed, such as http://127.0.0.1:8080; -h shows how')
  const settings: Record<string, unknown> = {}
  for (const [name, option] of OPTION_LIST) {
    const value = (values as Record<string, unknown>)[option.flag]
    if (value === undefined) continue
    settings[name] = option.parse(Array.isArray(value) ? value.map(String) : [String(value)])
  }
  return { url, settings }
}

function parse(args: readonly string[]) {
  const options = Object.fromEntries(
    OPTION_LIST.map(([, { flag, takes, many = false }]) => [
      flag,
      { type: takes === undefined ? ('boolean' as const) : ('string' as const), multiple: many },
    ]),
  )
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...options,
        help: { type: 'boolean' },
        h: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new CouldNotRun(explained(error instanceof Error ? error.message : String(error)))
  }
}

/** Says it in one line what Node says in several sentences. */
function explained(message: string): string {
  const [, unknown] = /^Unknown option '(.+?)'\./s.exec(message) ?? []
  if (unknown !== undefined) {
    const now = RENAMED[unknown.slice(2)]
    return now === undefined ? `${unknown} is not an option; --help shows all` : `${unknown} is now ${now}`
  }
  const [, flag] = /^Option '(?:-\w, )?--([\w-]+)/.exec(message) ?? []
  const option = OPTION_LIST.map(([, one]) => one).find((one) => one.flag === flag)
  if (!option) return message
  if (option.takes === undefined) return `--${flag} takes no value`
  const dashed = message.includes('ambiguous') ? `; what begins with a dash is given as --${flag}=…` : ''
  return `--${flag} takes ${option.takes}${dashed}`
}
