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
      return ({ cookies }) => decoded(cookies.get(rest.trim()))
    default:
      return undefined
  }
}

/** As scripts read a cookie whose value is to be sent in a header, such as Laravel's XSRF-TOKEN. */
export function decoded(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value)
  } catch {
    return value
  }
}

function byPattern(source: string): Reader | undefined {
  const pattern = patternOf(source)
  return pattern && (({ body }) => pattern.exec(body)?.[1])
}

/** @returns the pattern with the indices of its groups; undefined if it is none */
export function patternOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'du')
  } catch {
    return undefined
  }
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

/** @returns a name */
export function textOf(value: unknown): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined
}
