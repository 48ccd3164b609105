import type { ReadStream } from 'node:tty'
import type { Platform } from './platform.js'

/** Told of each key: a key press in a terminal, a letter from a pipe. */
export interface Keys {
  /** Whether someone may press keys: standard input is a terminal. */
  readonly pressed: boolean
  /** Gives the terminal back as it was. */
  close(): void
}

/** Reads keys one by one, without waiting for Enter where the input is a terminal. */
export function readKeys(input: ReadStream, onKey: (key: string) => void): Keys {
  const pressed = input.isTTY === true
  if (pressed) input.setRawMode(true)
  input.setEncoding('utf8')
  input.on('data', (keys: string) => {
    for (const key of keys) onKey(key)
  })
  return {
    pressed,
    close() {
      if (pressed) input.setRawMode(false)
      input.pause()
    },
  }
}

/** @returns what runs where, and the keys, as lines for a terminal. */
export function overview(platform: Platform, dataFolder: string): string {
  const instances = platform.instances.map(({ index, port }) => `${index} on ${port}`).join(', ')
  const metrics = platform.instances.map(({ metricsPort }) => metricsPort).join(', ')
  const rows = [
    ['Open', platform.url],
    ['Store', platform.store],
    ['Instances', instances],
    ['Metrics', `/metrics on ${metrics}`],
    ['Redis', platform.redis.label],
    ['Data', dataFolder],
    ['Logs', platform.logFolder],
    ['Keys', 'r restart all   k kill one   d stop or start Redis   s switch the store   q quit'],
  ]
  const lines = rows.map(([name = '', value]) => `  ${name.padEnd(11)}${value}`)
  return ['', ...lines, ''].join('\n')
}
