// Turns what a script replies into a session's data.
import type { SessionData } from 'express-session'
import { type Fields, fieldsOf, type Rules } from './change.js'
import { isSealed } from './encryption.js'
import { DecryptionError, ForeignRecordError } from './errors.js'
import { type Expiry, FIXED, Sliding } from './expiry.js'

/** A session as it was loaded. */
export interface LoadedSession {
  /** Whether this use of the session counts, so that it extends it. */
  readonly counts: boolean
  readonly sid: string
  /** Its data, by top-level key. */
  readonly base: Map<string, string>
  /** The record of connect-redis that it was found in, until its first commit. */
  readonly legacy: LegacyRecord | undefined
  /** ms until it expires */
  readonly ttlMs: number
  /** How it is extended; undefined for a record of connect-redis, which doesn't say. */
  readonly expiry: Expiry | undefined
  /** When it was last extended, by performance.now(). */
  readonly extendedAt: number
  /** Why Redis refused to extend it; undefined if it didn't. */
  readonly unextended: string | undefined
}

/** A record that connect-redis wrote, and the fields that it becomes. */
export interface LegacyRecord {
  readonly text: string
  readonly fields: Fields
}

/** @returns the parts of what a script replies. */
export function partsOf(reply: unknown): string[] {
  if (typeof reply === 'string') return reply.split('\0')
  return ((reply ?? []) as readonly (string | number)[]).map(String)
}

/**
 * @param at when it was extended, by performance.now(), if it is one that uses extend.
 * @returns the session that these parts of a script's reply are; undefined for none.
 */
export function loadedOf(
  sid: string,
  parts: readonly string[],
  at: number,
  rules: Rules,
  parse: (text: string) => unknown,
): LoadedSession | undefined {
  const [ttl, slidingMs, name, text = ''] = parts
  if (ttl === undefined) return undefined
  // Behind a space: why it was not extended.
  const space = ttl.indexOf(' ')
  const ttlMs = Number(space < 0 ? ttl : ttl.slice(0, space))
  const unextended = space < 0 ? undefined : ttl.slice(space + 1)
  if (name !== '')
    return loadedOfFields(sid, parts, 2, ttlMs, slidingMs ? Number(slidingMs) : undefined, at, unextended)
  const fields = fieldsOf(parseRecord(text, parse), rules)
  return {
    counts: true,
    sid,
    base: new Map(fields),
    legacy: { text, fields },
    ttlMs,
    expiry: undefined,
    extendedAt: Number.NEGATIVE_INFINITY,
    unextended,
  }
}

/**
 * @param texts names and texts of fields, from an index on.
 * @param slidingMs the session's own measure of its life; undefined if it ends at a fixed time.
 * @throws ForeignRecordError for what is no session.
 */
export function loadedOfFields(
  sid: string,
  texts: readonly string[],
  from: number,
  ttlMs: number,
  slidingMs: number | undefined,
  at: number,
  unextended?: string,
): LoadedSession {
  const base = fieldsOfReply(texts, from)
  const isSliding = slidingMs !== undefined
  if (base.size === 0 && !isSliding) throw new ForeignRecordError()
  return {
    counts: true,
    sid,
    base,
    legacy: undefined,
    ttlMs,
    expiry: isSliding ? new Sliding(slidingMs) : FIXED,
    extendedAt: isSliding ? at : Number.NEGATIVE_INFINITY,
    unextended,
  }
}

/** @throws ForeignRecordError for what is no session. */
export function parseRecord(text: string, parse: (text: string) => unknown): object {
  let record: unknown
  try {
    record = parse(text)
  } catch (cause) {
    // That JSON is none is said with a part of it, which may be a secret.
    throw new ForeignRecordError(cause instanceof SyntaxError ? undefined : cause)
  }
  if (record instanceof Promise) throw new TypeError('parseRecord: expected what it returns to be no promise')
  if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record
  throw new ForeignRecordError()
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

/** @returns the data that these fields are. @param ttlMs after which its cookie is to expire; undefined to leave it as stored. */
export function dataOf(fields: Fields, ttlMs?: number): SessionData {
  // One text and one parse: quicker than one for each key, and a key called __proto__ is a key as any other.
  let text = ''
  for (const [name, value] of fields) text += `${text ? ',' : ''}${JSON.stringify(name)}:${value}`
  const data = parseFields(text, fields) as { cookie?: { expires?: unknown } }
  if (data.cookie?.expires && ttlMs !== undefined && ttlMs > 0) {
    data.cookie.expires = new Date(Date.now() + ttlMs).toISOString()
  }
  return data as SessionData
}

/** @throws DecryptionError for what is encrypted still, ForeignRecordError for what is no JSON; neither shows it. */
function parseFields(text: string, fields: Fields): unknown {
  try {
    return JSON.parse(`{${text}}`)
  } catch {
    if ([...fields.values()].some(isSealed)) throw new DecryptionError('this store has no encryptionKeys')
    throw new ForeignRecordError()
  }
}
