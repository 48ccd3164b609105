// Text from outside, made fit for a terminal and a report.
import { stripVTControlCharacters } from 'node:util'

/** @returns the text in one line, without colours or other orders to a terminal */
export function plainText(text: string, most = 200): string {
  const plain = stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ')
    .trim()
  return plain.length > most ? `${plain.slice(0, most)}…` : plain
}

/** @returns the beginning of what a server sent */
export function excerpt(body: string): string {
  return plainText(body.slice(0, 2000), 160) || 'nothing'
}
