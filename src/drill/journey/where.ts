// Where an answer holds a value: a number, an instance, a CSRF token.
import { parse } from 'node-html-parser'
import type { Answer } from '../http/visitor.js'

/** Reads a value from an answer; undefined if it is not there. */
export type Reader = (answer: Pick<Answer, 'body' | 'headers' | 'cookies'>) => unknown

export const WHERE =
  "a JSON pointer (/data/count), 're:REGEX' (its first group), 'css:SELECTOR' (text or value), 'count:SELECTOR' (how many), 'header:NAME' or 'cookie:NAME'"

const json = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** @returns the value at an RFC 6901 pointer, such as `/data/count` */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document
  for (const step of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
  }
  return value
}

/**
 * @param where one of the forms in WHERE
 * @returns undefined if it cannot be read so
 */
export function readerOf(where: string): Reader | undefined {
  if (where.startsWith('/')) return ({ body }) => valueAt(json(body), where)
  const [, kind, rest = ''] = /^(re|css|count|header|cookie):(.+)$/s.exec(where) ?? []
  switch (kind) {
    case 're':
      return byPattern(rest)
    case 'css':
      return bySelector(rest)
    case 'count':
      return selectorWorks(rest) ? ({ body }) => parse(body).querySelectorAll(rest).length : undefined
    case 'header':
      return ({ headers }) => headers[rest.trim().toLowerCase()]
    case 'cookie':
      return ({ cookies }) => cookies.get(rest.trim())
    default:
      return undefined
  }
}

function byPattern(source: string): Reader | undefined {
  try {
    const pattern = new RegExp(source, 'du')
    return ({ body, headers }) => {
      const match = pattern.exec(body)
      const [from, to] = match?.indices?.[1] ?? []
      if (from === undefined || to === undefined) return undefined
      const isJson = /json/.test(String(headers['content-type'] ?? ''))
      return isJson ? body.slice(from, to) : grownToWholeNumber(body, from, to)
    }
  } catch {
    return undefined
  }
}

const SEPARATORS = ",.'’\u00a0\u2009\u202f"
const GROUPED = new RegExp(`(?<!\\d)\\d{1,3}(?:[${SEPARATORS}]\\d{3})+(?!\\d)`, 'g')

/** `(\d+)` finds 234 in `1,234 visits`: the text grows to the number that it is a part of. */
function grownToWholeNumber(body: string, from: number, to: number): string {
  const found = body.slice(from, to)
  if (!/^\d+$/.test(found)) return found
  const start = Math.max(0, from - 24)
  for (const match of body.slice(start, to + 24).matchAll(GROUPED)) {
    const at = start + match.index
    if (at <= from && at + match[0].length >= to) return match[0]
  }
  return found
}

function selectorWorks(selector: string): boolean {
  try {
    parse('<p></p>').querySelectorAll(selector)
    return true
  } catch {
    return false
  }
}

function bySelector(text: string): Reader | undefined {
  const [, selector = text, attribute] = /^(.+)@([\w-]+)$/.exec(text) ?? []
  if (!selectorWorks(selector)) return undefined
  return ({ body }) => {
    const element = parse(body).querySelector(selector)
    if (!element) return undefined
    if (attribute !== undefined) return element.getAttribute(attribute)
    return element.getAttribute('value') ?? element.getAttribute('content') ?? element.text.trim()
  }
}

/** @returns a count of visits: a whole number, with or without thousands separators, or the length of a list */
export function countOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length
  const number = typeof value === 'string' ? numberIn(value.trim()) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

function numberIn(text: string): number | undefined {
  const grouped = new RegExp(`^\\d{1,3}([${SEPARATORS}])\\d{3}(?:\\1\\d{3})*$`)
  if (grouped.test(text)) return Number(text.replace(/\D/g, ''))
  return /^\d+$/.test(text) ? Number(text) : undefined
}

/** @returns a name */
export function textOf(value: unknown): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined
}
