// The help, from the table of options.
import { type Group, OPTION_LIST, type Option } from './table.js'

const EXIT = 'Exit code: 0 held, 1 broken, 2 could not run, 3 unknown (something could not be judged).'

/** One screen: what most need, and how it looks for real stacks. */
export function briefHelp(): string {
  const options = OPTION_LIST.map(([, option]) => option).filter(({ brief }) => brief)
  return `session-drill URL [options]        all options: --help, --version

Plays many browsers against an app that counts in its session, checks every
answer, and says whether the sessions held.

${options.map((option) => row(option, 24, 80)).join('\n')}

Express    session-drill http://127.0.0.1:3000/ --check
Django     session-drill http://127.0.0.1:8000 --preset django --visit /hits
Rails      session-drill http://127.0.0.1:3000 --preset rails --visit /hits
Spring     session-drill http://127.0.0.1:8080 --preset spring --visit /hits
Go         session-drill http://127.0.0.1:4000/hits --number 're:Hits: (\\d+)' \\
             --logout 'POST /logout' --rate 200 --junit drill.xml

${EXIT.replace('unknown (', 'unknown\n           (')}
Load only what is yours.
`
}

/** Every option. */
export function fullHelp(): string {
  const groups: Group[] = ['Load', 'App', 'Connection', 'Verdict', 'Faults', 'Reports']
  const body = groups.map((group) => {
    const options = OPTION_LIST.map(([, option]) => option).filter((option) => option.group === group)
    return `${group}\n${options.map((option) => row(option, 28, 110)).join('\n')}`
  })
  return `session-drill URL [options]        the most important ones: -h; the version: --version

Plays many browsers against an app that counts in its session, checks every answer, and says whether the sessions held.
The path of the URL is what is visited; with --visit or a journey it goes before their paths.

${body.join('\n\n')}

${EXIT}
`
}

function row(option: Option<unknown>, indent: number, width: number): string {
  const name = `  --${option.flag}${option.takes === undefined ? '' : ` ${option.takes}`}`
  const fallback = option.shown ?? (typeof option.default === 'number' ? String(option.default) : undefined)
  const text = `${option.help}${fallback === undefined ? '' : ` (${fallback})`}${option.many ? '; repeatable' : ''}`
  const lines = wrapped(text, width - indent)
  const first = name.length < indent ? name.padEnd(indent) + (lines.shift() ?? '') : name
  return [first, ...lines.map((line) => ' '.repeat(indent) + line)].join('\n')
}

function wrapped(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
