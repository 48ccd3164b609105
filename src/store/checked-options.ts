// The options, checked, with their defaults: those of connect-redis if it has them.
import type { SessionData } from 'express-session'
import type { Rules } from './change.js'
import type { DurabilityOption } from './durability.js'
import { Encryption } from './encryption.js'
import type { TtlOption } from './expiry.js'
import type { ExactRedisStoreOptions } from './options.js'

export interface CheckedOptions {
  readonly prefix: string
  readonly ttl: TtlOption
  readonly scanCount: number
  readonly disableTouch: boolean
  readonly rules: Rules
  readonly onGone: 'ignore' | 'error'
  readonly deadlineMs: number
  readonly durability: DurabilityOption
  readonly encryption: Encryption | undefined
  readonly format: 'hash' | 'connect-redis'
  readonly parseRecord: (text: string) => unknown
  readonly stringifyRecord: (session: SessionData) => string
  readonly prepareConnection: ((connection: object) => void) | undefined
}

// (An object, so that the compiler sees when one is forgotten; only its keys count.)
const KNOWN = {
  client: undefined,
  prefix: undefined,
  ttl: undefined,
  scanCount: undefined,
  disableTouch: undefined,
  counters: undefined,
  cappedLists: undefined,
  onGone: undefined,
  deadlineMs: undefined,
  durability: undefined,
  encryptionKeys: undefined,
  format: undefined,
  parseRecord: undefined,
  stringifyRecord: undefined,
  prepareConnection: undefined,
} satisfies Record<keyof ExactRedisStoreOptions, undefined>

/** What those who come from connect-redis are told. */
const NOT_HERE = new Map([
  [
    'serializer',
    'values are stored as JSON; encryptionKeys encrypts them; parseRecord and stringifyRecord are for records of a connect-redis that has one',
  ],
  ['disableTTL', 'each session expires; give a long ttl'],
])

// setTimeout takes no more.
const MOST_MS = 2 ** 31 - 1

/** @throws TypeError that names an option that makes no sense, or that isn't known, and what it takes. */
export function checkOptions(options: ExactRedisStoreOptions<Record<string, unknown>>): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw new TypeError('options: expected an object')
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(KNOWN, name)) continue
    const why = NOT_HERE.get(name) ?? `expected one of ${Object.keys(KNOWN).join(', ')}`
    throw new TypeError(`${name}: no such option; ${why}`)
  }
  const { counters = [], onGone = 'ignore', deadlineMs = 5_000 } = options
  const { cappedLists: lists = {} } = options
  const cappedLists = lists as Readonly<Record<string, number>>
  const { durability = 'primary', format = 'hash', encryptionKeys, prepareConnection } = options
  const { parseRecord = JSON.parse, stringifyRecord = JSON.stringify } = options
  // connect-redis takes its default for all that is falsy here.
  const prefix = options.prefix ?? 'sess:'
  const ttl = (options.ttl || 86_400) as TtlOption
  const scanCount = options.scanCount || 100
  const disableTouch = options.disableTouch || false
  check('prefix', prefix, typeof prefix === 'string', 'a string')
  check(
    'ttl',
    ttl,
    typeof ttl === 'function' || isNumber(ttl, MOST_SECONDS),
    'seconds, above 0, or a function',
  )
  check('scanCount', scanCount, isWhole(scanCount), 'a whole number from 1')
  check('disableTouch', disableTouch, typeof disableTouch === 'boolean', 'true or false')
  const isKeys =
    Array.isArray(counters) && counters.every((key) => typeof key === 'string' && key !== 'cookie')
  check('counters', counters, isKeys, "an array of keys, 'cookie' not among them")
  const isLengths =
    typeof cappedLists === 'object' &&
    cappedLists !== null &&
    !Array.isArray(cappedLists) &&
    Object.entries(cappedLists).every(([key, length]) => key !== 'cookie' && isWhole(length))
  check(
    'cappedLists',
    cappedLists,
    isLengths,
    'an object of keys and whole numbers from 1, such as { trail: 20 }',
  )
  for (const key of counters)
    check('counters', key, !Object.hasOwn(cappedLists, key), 'no key that is in cappedLists, too')
  check('onGone', onGone, onGone === 'ignore' || onGone === 'error', "'ignore' or 'error'")
  check('deadlineMs', deadlineMs, isNumber(deadlineMs, MOST_MS), `ms, above 0, at most ${MOST_MS}`)
  check(
    'durability',
    durability,
    isDurability(durability),
    "'primary', 'disk' or { replicas: n }, a whole number from 1",
  )
  check('format', format, format === 'hash' || format === 'connect-redis', "'hash' or 'connect-redis'")
  check('parseRecord', parseRecord, typeof parseRecord === 'function', 'a function')
  check('stringifyRecord', stringifyRecord, typeof stringifyRecord === 'function', 'a function')
  if (encryptionKeys !== undefined && !Array.isArray(encryptionKeys))
    throw new TypeError('encryptionKeys: expected an array of keys, the newest first')
  const isPrepare = prepareConnection === undefined || typeof prepareConnection === 'function'
  check('prepareConnection', prepareConnection, isPrepare, 'a function')
  return {
    prefix,
    ttl,
    scanCount,
    disableTouch,
    rules: { counters: new Set(counters), cappedLists: new Map(Object.entries(cappedLists)) },
    onGone,
    deadlineMs,
    durability: typeof durability === 'object' ? { ...durability } : durability,
    encryption: encryptionKeys && new Encryption(encryptionKeys),
    format,
    parseRecord: (text) => parseRecord(text),
    stringifyRecord: (session) => stringifyRecord(session),
    prepareConnection,
  }
}

// What Redis takes for PEXPIRE, with room to spare.
const MOST_SECONDS = 1e12

function check(name: string, value: unknown, isRight: boolean, expected: string): void {
  if (!isRight) throw new TypeError(`${name}: expected ${expected}, found ${shown(value)}`)
}

function shown(value: unknown): string {
  const isText = typeof value === 'string' || typeof value === 'object'
  return isText ? (JSON.stringify(value) ?? 'an object') : String(value)
}

function isNumber(value: unknown, most: number): boolean {
  return typeof value === 'number' && value > 0 && value <= most
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0
}

function isDurability(value: unknown): boolean {
  if (value === 'primary' || value === 'disk') return true
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).every((key) => key === 'replicas') &&
    isWhole((value as { readonly replicas?: unknown }).replicas)
  )
}
