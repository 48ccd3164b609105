// The usual commits, by scripts that are made for their shape. In Lua the time goes into texts and calls, not into what Redis does:
// with the names as constants of the script, and without what only rare commits need, a visit takes a third of the instructions
// that commit.lua takes for it.
import { createHash } from 'node:crypto'
import type { Argument, Script } from './clients/client.js'
import type { Commit } from './commit.js'
import { CREATE, NO_FIELD, PRUNE, SESSION } from './scripts.generated.js'

/** A commit as one of these scripts takes it. The reply is commit.lua's, or null for what only that can commit. */
export interface LeanCommit {
  readonly script: Script
  readonly args: Argument[]
  /** What commit.lua would reply, of a script that replies only whether it committed. */
  readonly results?: string
}

/** What an app's commits have in common, so that few scripts do for all of them. */
const SHAPES_KEPT = 64
const SETS_AT_MOST = 100
const FIELDS_AT_MOST = 32
/** Longer lists have no pattern for all of their entries: it would be a long one. */
const TEXTS_AT_MOST = 100

export class LeanCommits {
  readonly #mark: string
  readonly #scripts = new Map<string, Script>()

  /** @param clientId names this client in the marks. */
  constructor(clientId: string) {
    this.#mark = `@w${clientId}`
  }

  /**
   * @param sequence of the batch that is this commit alone
   * @param now s since 1970 by Redis' clock
   * @returns undefined for a commit that isn't of a usual shape
   */
  of(commit: Commit, sequence: number, now: number): LeanCommit | undefined {
    const { mode, idempotencyKey, change, legacy, expiry, loads, ttlMs } = commit
    if (idempotencyKey || legacy) return undefined
    if (change.deleted.size > 0 || change.set.size > SETS_AT_MOST) return undefined
    if (mode === 'create' && ttlMs !== undefined && !loads)
      return this.#creation(commit, ttlMs, sequence, now)
    if (mode !== 'update' || expiry) return undefined
    const script = this.#scriptFor(commit)
    if (!script) return undefined
    const args: Argument[] = [this.#mark, sequence, now]
    if (ttlMs !== undefined) args.push(ttlMs)
    for (const { by } of change.added.values()) if (by !== 1) args.push(by)
    for (const [name, entries] of change.appended) {
      const kept = entries.slice(-(commit.cappedLists.get(name) ?? 0))
      if (entries.length !== 1) args.push(kept.length)
      args.push(kept.join(',\n'))
    }
    for (const [name, text] of change.set) {
      if (loads !== 'all' && loads?.includes(`:${name}`)) return undefined
      args.push(`:${name}`, text)
    }
    return { script, args }
  }

  #creation(
    { change, expiry, cappedLists }: Commit,
    ttlMs: number,
    sequence: number,
    now: number,
  ): LeanCommit {
    let counters = ''
    for (const [name, { by }] of change.added) counters += `${counters && ','}${JSON.stringify(name)}:${by}`
    const results = `[["ok",{${counters}}]]`
    const args: Argument[] = [ttlMs, this.#mark, `${sequence} ${now} ${results}\0${now}`]
    if (expiry?.kind === 'sliding') args.push('@ttl', expiry.ms)
    for (const [name, text] of change.set) args.push(`:${name}`, text)
    for (const [name, { by }] of change.added) args.push(`:${name}`, by)
    for (const [name, entries] of change.appended) {
      args.push(`:${name}`, `[${entries.slice(-(cappedLists.get(name) ?? entries.length)).join(',\n')}]`)
    }
    return { script: CREATE, args, results }
  }

  #scriptFor(commit: Commit): Script | undefined {
    const id = shapeIdOf(commit)
    const known = this.#scripts.get(id)
    if (known || this.#scripts.size >= SHAPES_KEPT) return known
    const shape = shapeOf(commit)
    const { length } = [...shape.loads, ...shape.adds, ...shape.reads, ...shape.appends]
    if (length > FIELDS_AT_MOST) return undefined
    const lua = scriptOf(shape)
    const script = { lua, sha: createHash('sha1').update(lua).digest('hex') }
    this.#scripts.set(id, script)
    return script
  }
}

/** @returns a text that only commits of the same shape have: each name has its length before it. Quicker than the shape's JSON. */
function shapeIdOf({ change, reads, loads = [], ttlMs, cappedLists }: Commit): string {
  let id = `${ttlMs === undefined}${change.set.size > 0}`
  if (loads === 'all') id += '*'
  else for (const field of loads) id += `l${field.length}:${field}`
  for (const name of reads) id += `r${name.length}:${name}`
  for (const [name, { by }] of change.added) id += `a${by === 1}${name.length}:${name}`
  for (const [name, { length }] of change.appended)
    id += `p${length === 1}${cappedLists.get(name)}:${name.length}:${name}`
  return id
}

/** The fields that a commit reads and writes, by name. */
interface Shape {
  readonly loads: 'all' | readonly string[]
  /** With whether just one is added to each counter. */
  readonly adds: readonly (readonly [name: string, isOne: boolean])[]
  readonly reads: readonly string[]
  /** With how many entries each list keeps at most, and whether it gets just one. */
  readonly appends: readonly (readonly [name: string, cap: number, isOne: boolean])[]
  /** Whether it sets other fields, too. */
  readonly sets: boolean
  /** Whether the session is extended by its own @ttl, not by a given time. */
  readonly ownTtl: boolean
}

function shapeOf({ change, reads, loads = [], ttlMs, cappedLists }: Commit): Shape {
  return {
    loads,
    adds: [...change.added].map(([name, { by }]) => [`:${name}`, by === 1]),
    reads: reads.map((name) => `:${name}`),
    appends: [...change.appended].map(([name, entries]) => [
      `:${name}`,
      cappedLists.get(name) ?? 0,
      entries.length === 1,
    ]),
    sets: change.set.size > 0,
    ownTtl: ttlMs === undefined,
  }
}

/*
 * KEYS[1]  the session
 * ARGV     mark, sequence, now (s); ms until the session expires unless it is the session's own; what to add to each counter
 *          unless it is one; for each list how many entries unless it is one, and these as one text; then fields to set: name, text
 * Returns  what commit.lua returns for one commit; nothing if that has to commit it, with the same sequence: the session isn't
 *          there, the commit was applied already, or a field isn't what it usually is. Nothing is changed then.
 * The mark begins with the sequence and ends with when this client extended the session last, in s, both of ten digits: so marks
 * compare as their sequences do. Within a hundredth of its life a session is not extended again. (Seconds are whole, and this
 * client's may be one behind the server's: two are added, so that a short life is always extended.)
 * An argument costs as much as a call of Lua's, a call of Redis five times that; each byte of a new text costs a dozen instructions.
 */
function scriptOf({ loads: wanted, adds, reads, appends, sets, ownTtl }: Shape): string {
  const loads = wanted === 'all' ? [] : wanted
  const names = ['@ttl', ...loads, ...adds.map(([name]) => name), ...reads, ...appends.map(([name]) => name)]
  let field = 2
  let argument = ownTtl ? 3 : 4
  const loaded = new Map(loads.map((name) => [name, `got[${++field}]`]))
  const work: string[] = []
  const changed: string[] = []
  const counters: string[] = []
  for (const [i, [name, isOne]] of adds.entries()) {
    work.push(`local c${i} = got[${++field}] or '0'
if #c${i} > 15 or not string.find(c${i}, '^-?[1-9]%d*$') and c${i} ~= '0' then return false end
local n${i} = c${i} + ${isOne ? 1 : `ARGV[${++argument}]`}
if n${i} > ${Number.MAX_SAFE_INTEGER} or n${i} < ${Number.MIN_SAFE_INTEGER} then return false end
c${i} = string.format('%d', n${i})`)
    changed.push(`${quoted(name)}, c${i}`)
    counters.push(`${quoted(`${JSON.stringify(name.slice(1))}:`)} .. c${i}`)
    if (loaded.has(name)) loaded.set(name, `c${i}`)
  }
  for (const [i, name] of reads.entries()) {
    work.push(`local r${i} = got[${++field}]
if not r${i} or not string.find(r${i}, '^-?%d+$') then return false end`)
    counters.push(`${quoted(`${JSON.stringify(name.slice(1))}:`)} .. r${i}`)
  }
  for (const [i, [name, cap, isOne]] of appends.entries()) {
    const [count, added] = [isOne ? '1' : `ARGV[${++argument}]`, `ARGV[${++argument}]`]
    const pattern = isOne && cap > 1 && cap <= TEXTS_AT_MOST && quoted(fullListOfTexts(cap))
    work.push(`local l${i} = got[${++field}] or '[]'
local kept = ${pattern && `string.match(l${i}, ${pattern})`}
if kept then
  l${i} = '[' .. kept .. ',\\n' .. ${added} .. ']'
elseif l${i} ~= '[]' then
  if string.byte(l${i}) ~= 91 then return false end
  local find, entries, at = string.find, 0, 1
  repeat entries, at = entries + 1, find(l${i}, ',\\n', at + 1, true) until not at
  local start = 2
  for _ = 1, entries + ${count} - ${cap} do
    local _, last = find(l${i}, ',\\n', start, true)
    start = last and last + 1
  end
  l${i} = start and '[' .. string.sub(l${i}, start, -2) .. ',\\n' .. ${added} .. ']' or '[' .. ${added} .. ']'
else
  l${i} = '[' .. ${added} .. ']'
end`)
    changed.push(`${quoted(name)}, l${i}`)
    if (loaded.has(name)) loaded.set(name, `l${i}`)
  }
  const ttl = ownTtl ? 'got[2]' : 'ARGV[4]'
  const results = [`'[["ok",{'`, counters.join(" .. ',' .. "), `'}]]'`].filter(Boolean).join(' .. ')
  const mark = `ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. results .. '\\0' .. extended`
  return `local key = KEYS[1]
local got = redis.pcall('HMGET', key, ARGV[1], ${names.map(quoted).join(', ')})
if got.err${loads.length > 0 ? ' or not got[3]' : ''} then return false end
local ttl, known, extended, extends = ${ttl}, got[1], ARGV[3], true
if known then
  if known > ARGV[2] then return false end
  local before = string.sub(known, -10)
  local age = extended - before
  extends = ttl ~= got[2] or age < 0 or (age + 2) * 100000 > (ttl or 0) + 0
  if not extends then extended = before end
else
  if redis.call('EXISTS', key) == 0 then return false end
  ${PRUNE}
  prune(key, ARGV[3])
end
${work.join('\n')}
local results = ${results}
redis.call('HSET', key, ${[...changed, mark, ...(sets ? [`unpack(ARGV, ${argument + 1})`] : [])].join(', ')})
if ttl and extends then redis.call('PEXPIRE', key, ttl) end
${wanted === 'all' ? WHOLE : loads.length > 0 ? answerOf(loaded.values()) : 'return results'}`
}

const WHOLE = `${SESSION}
return session({results}, key, redis.call('HGETALL', key), false)`

function answerOf(fields: Iterable<string>): string {
  const texts = [...fields].map((field) => `(${field} or '${NO_FIELD}')`)
  return `return ${['results', "(ttl or redis.call('PTTL', key))", "(got[2] or '')", ...texts].join(" .. '\\0' .. ")}`
}

/**
 * Finds all entries but the oldest of a full list of plain texts, none with a quotation mark, in half the time that it takes to look
 * for each. (No JSON has a line break within a text: what is from one quotation mark to the next, and before a separator, is one.)
 */
function fullListOfTexts(length: number): string {
  const kept = Array.from({ length: length - 1 }, () => '%b""').join(',\n')
  return `^%[%b"",\n(${kept})%]$`
}

/** A text as a constant in Lua. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) =>
    /[\w:@ -]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `\\${String(byte).padStart(3, '0')}`,
  )
  return `'${bytes.join('')}'`
}
