// The demo in a terminal: its keys, and what it prints.
import { join } from 'node:path'
import type { ReadStream } from 'node:tty'
import type { Platform } from './platform.js'

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

/** @returns what runs where, and the keys, as lines for a terminal; `bright` sets the address off. */
export function overview(platform: Platform, dataFolder: string, bright: boolean): string {
  const { url, store, redis, instances } = platform
  const metrics = instances.map(({ metricsPort }) => metricsPort).join(', ')
  const rows = [
    ['Open', bright ? `\u001b[1m${url}\u001b[0m` : url],
    ['Store', store],
    ['Instances', instances.map(({ index, port }) => `${index} on ${port}`).join(', ')],
    ['Metrics', `/metrics on ${metrics}`],
    ['Redis', redis.label],
    ['Data', `${dataFolder}, logs in ${join(dataFolder, 'logs')}`],
    ['Keys', 'r restart all  k kill one  d Redis off/on  s switch store  q quit'],
  ]
  const lines = rows.map(([name = '', value]) => `  ${name.padEnd(11)}${value}`)
  return ['', ...lines, ''].join('\n')
}
