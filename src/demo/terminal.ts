// The demo in a terminal: its keys, and what it prints.
import { join } from 'node:path'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Platform } from './platform.js'

const KEYS = [
  ['r', 'restart all instances'],
  ['k', 'kill one'],
  ['d', 'Redis off or on'],
  ['s', 'next store'],
  ['q', 'quit'],
] as const

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 }
type Style = keyof typeof STYLES

const INDENT = 2
const NAME_WIDTH = 11
const TIME_WIDTH = 10
/** Without a terminal, lines are as long as they are. */
const UNLIMITED = Number.POSITIVE_INFINITY

/**
 * Reads keys one by one: key presses in a terminal, without Enter; the letters that come out of a pipe.
 * @returns what ends it, and gives the terminal back as it was.
 */
export function readKeys(input: ReadStream, onKey: (key: string) => void): () => void {
  // A terminal that is closed while it is read fails; the hang-up signal tells the same.
  input.on('error', () => {})
  if (input.isTTY) input.setRawMode(true)
  input.setEncoding('utf8')
  input.on('data', (keys: string) => {
    for (const key of keys) onKey(key)
  })
  return function close() {
    if (input.isTTY) input.setRawMode(false)
    input.pause()
  }
}

/** Prints what the platform is and what happens, as wide as the terminal, in colours if it has any. */
export class TerminalOutput {
  readonly #output: WriteStream
  readonly #coloured: boolean

  constructor(output: WriteStream, environment: NodeJS.ProcessEnv) {
    this.#output = output
    this.#coloured = output.isTTY === true && !environment.NO_COLOR
  }

  /** Prints one line with the time before it; good and bad news have a colour. */
  say(line: string): void {
    const time = this.#style('dim', new Date().toTimeString().slice(0, 8))
    const [first = '', ...more] = wrap(line, this.#width - INDENT - TIME_WIDTH)
    const style = styleOf(line)
    const paint = (text: string) => (style ? this.#style(style, text) : text)
    this.#print(`${' '.repeat(INDENT)}${time}  ${paint(first)}`)
    for (const rest of more) this.#print(' '.repeat(INDENT + TIME_WIDTH) + paint(rest))
  }

  /** Prints what runs where. */
  overview({ url, store, redis, instances }: Platform, dataFolder: string): void {
    const metrics = instances.map(({ metricsPort }) => metricsPort).join(', ')
    this.#print('')
    this.#row('Open', url, 'bold')
    this.#row('Store', store)
    this.#row('Instances', instances.map(({ index, port }) => `${index} on ${port}`).join(', '))
    this.#row('Metrics', `/metrics on ${metrics}`)
    this.#row('Redis', redis.label)
    this.#row('Data', `${dataFolder}, logs in ${join(dataFolder, 'logs')}`)
    this.#print('')
  }

  /** Prints the keys. */
  keys(): void {
    this.#row('Keys', KEYS.map(([key, does]) => `${key} ${does}`).join(', '))
    this.#print('')
  }

  #row(name: string, value: string, style?: Style): void {
    const [first = '', ...more] = wrap(value, this.#width - INDENT - NAME_WIDTH)
    const paint = (text: string) => (style ? this.#style(style, text) : text)
    this.#print(`${' '.repeat(INDENT)}${this.#style('dim', name.padEnd(NAME_WIDTH))}${paint(first)}`)
    for (const rest of more) this.#print(' '.repeat(INDENT + NAME_WIDTH) + paint(rest))
  }

  get #width(): number {
    // 0 is what a terminal says that does not know its size.
    return (this.#output.isTTY && this.#output.columns) || UNLIMITED
  }

  #style(style: Style, text: string): string {
    return this.#coloured ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text
  }

  #print(line: string): void {
    this.#output.write(`${line}\n`)
  }
}

function styleOf(line: string): Style | undefined {
  if (/\b(ended|killed|not)\b/.test(line)) return 'red'
  if (/\b(back|restarted)\b/.test(line)) return 'green'
  if (/store is now/.test(line)) return 'yellow'
  return undefined
}

/** @returns the text in lines of at most this width, broken between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
