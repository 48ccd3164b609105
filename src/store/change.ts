// What a request changed in a session, as Redis merges it with what others changed.

/** What a session holds in Redis: JSON text by top-level key. */
export type Fields = ReadonlyMap<string, string>

/** Which keys merge by more than "the later commit wins". */
export interface Rules {
  /** Whole numbers that concurrent commits add to. */
  readonly counters: ReadonlySet<string>
  /** Arrays that concurrent commits append to, and how many entries each keeps: the newest. */
  readonly cappedLists: ReadonlyMap<string, number>
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>()
const NO_KEYS: ReadonlySet<string> = new Set()

/**
 * What one request changed: applied to whatever Redis holds by then, it keeps what others changed in the meantime.
 *
 * (A class and no literal, as all that a session keeps after a commit. In its first seconds an app with express-session keeps each
 * request until V8 collects old objects, and V8 takes that for the rule: what a literal makes for a session it makes among the old
 * objects from then on. So each session stayed in memory, and the collector's pauses were half as long again. What a class makes,
 * it makes young.)
 */
export class Change {
  readonly set: ReadonlyMap<string, string>
  readonly deleted: ReadonlySet<string>
  /** Key → what to add. */
  readonly added: ReadonlyMap<string, Addition>
  /** Key → JSON text of each new entry, in order; at least one. */
  readonly appended: ReadonlyMap<string, readonly string[]>

  constructor(
    set: Change['set'] = NOTHING,
    deleted: Change['deleted'] = NO_KEYS,
    added: Change['added'] = NOTHING,
    appended: Change['appended'] = NOTHING,
  ) {
    this.set = set
    this.deleted = deleted
    this.added = added
    this.appended = appended
  }
}

/** What to add to a counter, and the number to store if Redis holds none to add to. */
class Addition {
  readonly by: number
  readonly total: number

  constructor(by: number, total: number) {
    this.by = by
    this.total = total
  }
}

export const NO_CHANGE = new Change()

/** What to add to a session's counters (whole numbers), and to append to its capped lists: a SessionUpdate of any session. */
export interface AnyUpdate {
  readonly add?: Readonly<Record<string, number>>
  readonly append?: Readonly<Record<string, readonly unknown[]>>
}

/**
 * @param parts what an update may have; others are mistyped, and would be left out without a word.
 * @returns the change that makes an update.
 * @throws TypeError for what is not declared as a counter or capped list, or isn't a whole number or an array.
 */
export function updateOf(update: AnyUpdate, rules: Rules, parts: readonly string[]): Change {
  if (typeof update !== 'object' || update === null || 'then' in update) {
    const found =
      update && typeof update === 'object' ? 'a promise' : update === null ? 'null' : typeof update
    throw new TypeError(`update: expected an object such as { add: { visits: 1 } }, found ${found}`)
  }
  for (const part of Object.keys(update)) {
    if (!parts.includes(part)) throw new TypeError(`update: expected ${parts.join(', ')}, found ${part}`)
  }
  const added = new Map<string, Addition>()
  const add = update.add ?? {}
  for (const key of Object.keys(add)) {
    const by = add[key]
    if (!rules.counters.has(key) || !Number.isSafeInteger(by)) {
      const found = `${key}: ${typeof by === 'number' ? by : typeof by}`
      throw new TypeError(`update: expected whole numbers for declared counters, found ${found}`)
    }
    added.set(key, new Addition(Number(by), Number(by)))
  }
  const appended = new Map<string, readonly string[]>()
  const append = update.append ?? {}
  for (const key of Object.keys(append)) {
    if (!rules.cappedLists.has(key)) throw new TypeError(`update: ${key} is not declared as a capped list`)
    const entries: unknown = append[key] ?? []
    if (!Array.isArray(entries))
      throw new TypeError(`update: expected an array for ${key}, found ${typeof entries}`)
    if (entries.length > 0) appended.set(key, textsOf(entries))
  }
  return new Change(undefined, undefined, added, appended)
}

/** A capped list is stored with this between its entries: JSON as any other, but a script finds where an entry begins. */
const ENTRY_SEPARATOR = ',\n'

/**
 * @param base the fields as they were loaded; only keys that the session got, so that no other key counts as deleted.
 * @param session its own enumerable keys are compared with the base.
 * @returns what was changed since, or undefined for nothing.
 */
export function changeOf(base: Fields, session: object, rules: Rules): Change | undefined {
  // Made as they are needed: most requests change nothing, or one key.
  let set: Map<string, string> | undefined
  let added: Map<string, Addition> | undefined
  let appended: Map<string, readonly string[]> | undefined
  let deleted: Set<string> | undefined
  let left = base.size
  for (const key of Object.keys(session)) {
    const was = base.get(key)
    const value: unknown = session[key as keyof typeof session]
    const length = rules.cappedLists.get(key)
    if (length && Array.isArray(value)) {
      if (was !== undefined) left -= 1
      const list = listChange(was, textsOf(value), length)
      if (typeof list === 'string') {
        set ??= new Map()
        set.set(key, list)
      } else if (list) {
        appended ??= new Map()
        appended.set(key, list)
      }
      continue
    }
    const is = JSON.stringify(value) as string | undefined
    if (is === undefined) continue
    if (was === undefined) checkName(key)
    else left -= 1
    if (was === is) continue
    // What merges is looked at first: to see that two texts mean the same takes a parse of both.
    const by = rules.counters.has(key) ? difference(was, is) : undefined
    if (by !== undefined) {
      added ??= new Map()
      added.set(key, new Addition(by, Number(is)))
      continue
    }
    // The expiry of a cookie moves with each use of the session: that alone is no change.
    if (was === undefined || !(key === 'cookie' ? sameCookie(was, is) : same(was, is))) {
      set ??= new Map()
      set.set(key, is)
    }
  }
  if (left > 0) {
    for (const key of base.keys()) {
      if (JSON.stringify(session[key as keyof typeof session]) !== undefined) continue
      deleted ??= new Set()
      deleted.add(key)
    }
  }
  if (!set && !deleted && !added && !appended) return undefined
  return new Change(set, deleted, added, appended)
}

/** Whether a change only takes away from what was there: what the end of its session has done, too. */
export function takesAway({ set, added, appended }: Change, base: Fields): boolean {
  if (added.size > 0 || appended.size > 0) return false
  return [...set].every(([key, text]) => isLess(JSON.parse(text), JSON.parse(base.get(key) ?? 'null')))
}

/** Whether a value is nothing, or has nothing that the other has not. */
function isLess(value: unknown, than: unknown): boolean {
  if (!value || value === than) return true
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) {
    const texts = new Set(Array.isArray(than) ? textsOf(than) : [])
    return textsOf(value).every((text) => texts.has(text))
  }
  const whole = (typeof than === 'object' && than !== null ? than : {}) as Readonly<Record<string, unknown>>
  return Object.entries(value).every(([key, part]) => isLess(part, whole[key]))
}

/** @returns the fields after the change: the model of what the commit script does in Redis. */
export function applied(fields: Fields, change: Change, rules: Rules): Map<string, string> {
  const result = new Map(fields)
  for (const [key, { by, total }] of change.added) {
    result.set(key, sum(result.get(key) ?? '0', by) ?? String(total))
  }
  for (const [key, entries] of change.appended) {
    const all = [...(splitList(result.get(key)) ?? []), ...entries]
    result.set(key, joinList(all.slice(-(rules.cappedLists.get(key) ?? all.length))))
  }
  for (const [key, text] of change.set) result.set(key, text)
  for (const key of change.deleted) result.delete(key)
  return result
}

/** @returns the fields that a session of these contents makes. */
export function fieldsOf(session: object, rules: Rules): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [key, value] of Object.entries(session)) {
    const isList = rules.cappedLists.has(key) && Array.isArray(value)
    const text = isList ? joinList(textsOf(value)) : (JSON.stringify(value) as string | undefined)
    if (text === undefined) continue
    checkName(key)
    fields.set(key, text)
  }
  return fields
}

/** @throws TypeError for a key that would be another one in Redis: half of a surrogate pair has no form in UTF-8. */
function checkName(key: string): void {
  if (!key.isWellFormed())
    throw new TypeError(`a session's keys are text; found half of a surrogate pair in ${JSON.stringify(key)}`)
}

/** @returns the JSON text of each entry of a list; undefined if the text is no array. */
export function splitList(text: string | undefined): string[] | undefined {
  if (text === undefined) return []
  if (!text.startsWith('[')) return undefined
  if (text.includes(ENTRY_SEPARATOR)) return text.slice(1, -1).split(ENTRY_SEPARATOR)
  // Written by other means than ours, or of at most one entry.
  return (JSON.parse(text) as unknown[]).map((entry) => JSON.stringify(entry))
}

function joinList(entries: readonly string[]): string {
  return `[${entries.join(ENTRY_SEPARATOR)}]`
}

/** Whether a list is in the form in which a script can tell its entries apart: what other means wrote may not be. */
function isJoined(text: string | undefined, entries: readonly string[]): boolean {
  return text === undefined || text === joinList(entries)
}

/** @returns the JSON text of each entry, as JSON.stringify has it; of a hole, too, which `map` would leave one. */
function textsOf(entries: readonly unknown[]): string[] {
  const texts: string[] = []
  // (Array.from with a function takes five times as long.)
  for (const entry of entries) texts.push(JSON.stringify(entry) ?? 'null')
  return texts
}

// A number such as 12345678901234567890 that another program stored reads as another number here; unchanged it still is.
function same(was: string, is: string): boolean {
  return JSON.stringify(JSON.parse(was)) === JSON.stringify(JSON.parse(is))
}

/** What express-session takes a cookie for that doesn't say. */
const COOKIE_DEFAULTS = { path: '/', httpOnly: true, originalMaxAge: null, expires: null }

/** Whether two cookies are the same, but for an expiry that moves with each use of the session. */
export function sameCookie(was: string, is: string): boolean {
  if (was === is) return true
  const [before, after] = [was, is].map(
    (text) => ({ ...COOKIE_DEFAULTS, ...JSON.parse(text) }) as Record<string, unknown>,
  ) as [Record<string, unknown>, Record<string, unknown>]
  // (A touch by express-session takes the expiry off a cookie that has no maxAge.)
  const slides = typeof before.originalMaxAge === 'number' || !(after.expires || after.originalMaxAge)
  for (const key of Object.keys({ ...before, ...after })) {
    if (key === 'expires' && slides) continue
    if (setting(before[key]) !== setting(after[key])) return false
  }
  return true
}

/** What is false, null or not there is not set; a maxAge of 0 is. */
function setting(value: unknown): unknown {
  return value === 0 ? 0 : value || undefined
}

/** What to add to the one whole number to get the other; undefined if they are none, or too large to be exact. */
function difference(was = '0', is: string): number | undefined {
  const by = Number(is) - Number(was)
  return isWhole(was) && isWhole(is) && Number.isSafeInteger(by) ? by : undefined
}

/** Redis counts in 64 bits: exactly, also if a session shows only the nearest number. Undefined if it can't. */
function sum(found: string, by: number): string | undefined {
  if (!WHOLE.test(found)) return undefined
  const exact = Number(found) + by
  if (isWhole(found) && Number.isSafeInteger(exact)) return String(exact)
  const large = BigInt(found) + BigInt(by)
  return [BigInt(found), large].every((value) => value === BigInt.asIntN(64, value)) ? `${large}` : undefined
}

const WHOLE = /^-?\d+$/

function isWhole(text: string): boolean {
  return Number.isSafeInteger(Number(text)) && WHOLE.test(text)
}

/** The new entries of a list; its whole text if it was rewritten; undefined if it is as it was. */
function listChange(was: string | undefined, after: readonly string[], length: number) {
  const text = joinList(after)
  if (was === text) return undefined
  const before = splitList(was)
  const entries = before && isJoined(was, before) ? newEntries(before, after, length) : undefined
  if (entries) return entries
  return was !== undefined && same(was, text) ? undefined : text
}

/** The entries whose appending turns the one list into the other; undefined if it was rewritten otherwise. */
function newEntries(
  before: readonly string[],
  after: readonly string[],
  length: number,
): string[] | undefined {
  // The fewest new entries first: what was before them must be all that was there, or the end of it in a full list.
  for (let kept = Math.min(before.length, after.length - 1); kept >= 0; kept -= 1) {
    if ((kept === before.length || after.length === length) && endsWith(before, after, kept))
      return after.slice(kept)
  }
  return undefined
}

/** Whether the one array's last entries are the other's first ones, this many. */
function endsWith(before: readonly string[], after: readonly string[], many: number): boolean {
  const skipped = before.length - many
  for (let i = 0; i < many; i += 1) if (before[skipped + i] !== after[i]) return false
  return true
}
