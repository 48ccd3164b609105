// Finds where an app's answers hold the count, from a few of them.
import type { Answer } from '../http/visitor.js'
import { countOf, countReaderOf } from './count.js'

type Text = Pick<Answer, 'body' | 'headers'>

/**
 * @param visits answers to one browser's first visits, in order
 * @param stranger the answer to another browser's first visit
 * @returns where the number is that goes up by one with each visit and is the same for both browsers' first one
 */
export function findNumber(visits: readonly Text[], stranger: Text): string | undefined {
  const [first] = visits
  if (!first) return undefined
  const candidates = [...pointersIn(first.body), ...patternsIn(visits)]
  return candidates.find((where) => {
    const read = countReaderOf(where)
    const [start, ...others] = [first, stranger, ...visits].map(
      (text) => read?.({ ...text, cookies: new Map() })?.numbers ?? [],
    )
    const [alike = [], ...following] = others
    return start?.some(
      (number) =>
        alike.includes(number) && following.every((numbers, index) => numbers.includes(number + index)),
    )
  })
}

/** The numbers first, then the texts with a number in them. */
function pointersIn(body: string): string[] {
  const found: string[] = []
  const texts: string[] = []
  const walk = (value: unknown, pointer: string, depth: number) => {
    if (countOf(value)?.numbers.length) (typeof value === 'string' ? texts : found).push(pointer)
    if (typeof value !== 'object' || value === null || depth > 6 || found.length + texts.length > 500) return
    for (const [key, inner] of Object.entries(value))
      walk(inner, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1)
  }
  try {
    walk(JSON.parse(body), '', 0)
  } catch {
    return []
  }
  return [...found, ...texts].filter((pointer) => pointer !== '')
}

const NUMBER = /\d+/g
const CONTEXT = 30

/** A pattern for each number in a text: what stands before it, as far as that is always the same. */
function patternsIn(visits: readonly Text[]): string[] {
  const [first] = visits
  const matches = [...(first?.body.matchAll(NUMBER) ?? [])].slice(0, 500)
  return matches.map((match) => {
    const before = first?.body.slice(Math.max(0, match.index - CONTEXT), match.index) ?? ''
    const literal = /[^\d]*$/.exec(before)?.[0] ?? ''
    const start = match.index - literal.length === 0 ? '^' : ''
    return `re:${start}${literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/\s+/g, '\\s+')}(\\d+)`
  })
}
