import type { SessionData } from 'express-session'
import { type Fields, fieldsOf, type Rules } from './change.js'

/** A session as it was loaded. */
export interface Loaded {
  /** Its data, by top-level key. */
  base: Map<string, string>
  /** The record of connect-redis that it was found in, until its first commit. */
  legacy: { readonly text: string; readonly fields: Fields } | undefined
  /** ms until it expires; undefined where that is not to show in its cookie */
  ttlMs: number | undefined
  /** When its life was last extended, by performance.now(). */
  extendedAt: number
  /** ms by which; '' for never */
  slideMs: string
}

/** @returns the parts of what a script replies. */
export function partsOf(reply: unknown): string[] {
  if (typeof reply === 'string') return reply.split('\0')
  return ((reply ?? []) as readonly (string | number)[]).map(String)
}

/** @returns the session that these parts of a script's reply are; undefined for none. */
export function loadedOf(parts: readonly string[], extended: boolean, rules: Rules): Loaded | undefined {
  const [ttlMs, slideMs = '', name, text = ''] = parts
  if (ttlMs === undefined) return undefined
  if (name === '') {
    const fields = fieldsOf(JSON.parse(text) as object, rules)
    return {
      base: new Map(fields),
      legacy: { text, fields },
      ttlMs: Number(ttlMs),
      extendedAt: Number.NEGATIVE_INFINITY,
      slideMs: '',
    }
  }
  const extendedAt = extended ? performance.now() : Number.NEGATIVE_INFINITY
  return { base: fieldsOfReply(parts, 2), legacy: undefined, ttlMs: Number(ttlMs), extendedAt, slideMs }
}

/** @returns a hash's fields that are the session's: those behind a colon. They begin at `from`. */
export function fieldsOfReply(reply: readonly string[], from = 0): Map<string, string> {
  const fields = new Map<string, string>()
  for (let i = from; i < reply.length; i += 2) {
    const name = reply[i]
    if (name?.charCodeAt(0) === COLON) fields.set(name.slice(1), reply[i + 1] ?? 'null')
  }
  return fields
}
const COLON = 58

/** @returns the data that these fields are; its cookie expires when Redis forgets the session. */
export function dataOf({ base, ttlMs }: Loaded): SessionData {
  // One text and one parse: quicker than one for each key, and a key called __proto__ is a key as any other.
  let text = ''
  for (const [name, value] of base) text += `${text ? ',' : ''}${JSON.stringify(name)}:${value}`
  const data = JSON.parse(`{${text}}`) as { cookie?: { expires?: unknown } }
  if (data.cookie?.expires && ttlMs !== undefined && ttlMs > 0) {
    data.cookie.expires = new Date(Date.now() + ttlMs).toISOString()
  }
  return data as SessionData
}
