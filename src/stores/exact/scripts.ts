import { createHash } from 'node:crypto'

/** A Lua script and the SHA-1 that Redis caches it by. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/*
 * A session is one hash. Its fields:
 *   :KEY      the session's top-level key KEY, as JSON text (a counter is a plain integer, which is JSON too)
 *   @ttl      ms by which a visit extends its life; absent for a session that ends at a fixed time
 *   @wWRITER  the mark of a writer: "sequence seconds results" of its last batch of commits
 * Beside it, in the same cluster slot: {key}:keys (idempotency keys and their outcomes), {key}:retired (see RETIRE).
 */

/** How long marks and idempotency keys are kept, in s; no reply is waited for so long, nor does TCP resend for so long. */
const KEPT_SECONDS = 600

/** How many idempotency keys a session keeps at most; past it the older half goes. */
const KEYS_KEPT = 256

/**
 * KEYS: session. ARGV: slide ('1' or '0').
 * Returns nothing for none; [text, PTTL] of a record of connect-redis; [fields, PTTL] of a session, its life extended.
 */
export const LOAD = script(`
local key = KEYS[1]
local fields = redis.pcall('HGETALL', key)
if fields.err then
  if not string.find(fields.err, 'WRONGTYPE', 1, true) then return fields end
  return {redis.call('GET', key), redis.call('PTTL', key)}
end
if #fields == 0 then return false end
local ttl = ARGV[1] == '1' and redis.call('HGET', key, '@ttl')
if ttl then
  redis.call('PEXPIRE', key, ttl)
  return {fields, tonumber(ttl)}
end
return {fields, redis.call('PTTL', key)}`)

/**
 * A batch of commits to one session, in one step; a batch that was applied before is not applied again, and returns what it
 * returned then (marks as in RIFL, Lee et al., SOSP 2015; one for each writer, which has one batch in flight for a session).
 * KEYS: session, {key}:keys. ARGV: writer, sequence, count, then for each commit: mode, ttl ms, idempotency key, the record
 * of connect-redis that was loaded, and five lists, each behind its length: fields to take over from that record (name,
 * text), fields to set (name, text), fields to delete (name), counters (name, by, total), logs (name, length, count, entries).
 * Modes: update (only a living session), create (only where none is), replace (whatever is there).
 * Returns JSON: for each commit ["ok", counters], ["dup", counters], ["gone"], ["exists"] or ["moved"].
 */
export const COMMIT = script(`
local key, keys = KEYS[1], KEYS[2]
local now = redis.call('TIME')[1]
local mark, sequence = '@w' .. ARGV[1], tonumber(ARGV[2])
local known = redis.pcall('HGET', key, mark)
local legacy = type(known) == 'table' and known.err
if legacy then
  if not string.find(legacy, 'WRONGTYPE', 1, true) then return known end
elseif known then
  local last, results = string.match(known, '^(%d+) %d+ (.*)$')
  if tonumber(last) == sequence then
    -- Written again, so that a wait for replicas on this connection waits for it.
    redis.call('HSET', key, mark, known)
    return results
  end
  if tonumber(last) > sequence then return redis.error_reply('STALE a later commit of this writer was applied') end
end
local alive = redis.call('EXISTS', key) == 1
if alive and not known then
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 1, 2) == '@w' then
      local seconds = string.match(redis.call('HGET', key, name), '^%d+ (%d+)')
      if now - seconds > ${KEPT_SECONDS} then redis.call('HDEL', key, name) end
    end
  end
end

local at = 3
local function take()
  at = at + 1
  return ARGV[at]
end

local function list()
  local from = at + 2
  at = at + 1 + tonumber(ARGV[at + 1])
  return from, at
end

local function write(target, from, to)
  for first = from, to, 1000 do
    redis.call('HSET', target, unpack(ARGV, first, math.min(first + 999, to)))
  end
end

local function append(name, length, from, to)
  local log = redis.call('HGET', key, name)
  local added = table.concat(ARGV, ',\\n', from, to)
  if not log or log == '[]' or string.sub(log, 1, 1) ~= '[' then
    log = '[' .. added .. ']'
  else
    log = string.sub(log, 1, -2) .. ',\\n' .. added .. ']'
  end
  local _, separators = string.gsub(log, ',\\n', '')
  local start = 1
  for _ = length, separators do
    local _, last = string.find(log, ',\\n', start, true)
    start = last + 1
  end
  if start > 1 then log = '[' .. string.sub(log, start) end
  redis.call('HSET', key, name, log)
end

local function commit()
  local mode, ttl, idempotency, was = take(), take(), take(), take()
  local taken, takenEnd = list()
  local sets, setsEnd = list()
  local deletes, deletesEnd = list()
  local counters, countersEnd = list()
  local logs, logsEnd = list()

  if mode == 'update' and not alive then return '["gone"]' end
  if mode == 'create' and alive then return '["exists"]' end
  if idempotency ~= '' then
    local first = redis.call('HGET', keys, idempotency)
    if first then return '["dup",' .. string.match(first, ' (.*)$') .. ']', ttl end
  end
  if legacy then
    -- Into a key aside and then in its place, so that a lack of memory can't leave neither.
    if mode == 'update' and redis.call('GET', key) ~= was then return '["moved"]' end
    redis.call('DEL', keys)
    if mode == 'replace' then write(keys, sets, setsEnd) else write(keys, taken, takenEnd) end
    redis.call('RENAME', keys, key)
    legacy = false
  end
  write(key, sets, setsEnd)
  if mode == 'replace' then
    local keep = {}
    for i = sets, setsEnd, 2 do keep[ARGV[i]] = true end
    for _, name in ipairs(redis.call('HKEYS', key)) do
      if string.sub(name, 1, 2) ~= '@w' and not keep[name] then redis.call('HDEL', key, name) end
    end
  end
  local merged = {}
  for i = counters, countersEnd, 3 do
    local name = ARGV[i]
    local total = redis.pcall('HINCRBY', key, name, ARGV[i + 1])
    if type(total) == 'table' then
      if not string.find(total.err, 'not an integer', 1, true) and not string.find(total.err, 'overflow', 1, true) then
        error(total.err)
      end
      total = tonumber(ARGV[i + 2])
      redis.call('HSET', key, name, ARGV[i + 2])
    end
    merged[#merged + 1] = cjson.encode(string.sub(name, 2)) .. ':' .. string.format('%.0f', total)
  end
  local i = logs
  while i < logsEnd do
    local count = tonumber(ARGV[i + 2])
    append(ARGV[i], tonumber(ARGV[i + 1]), i + 3, i + 2 + count)
    i = i + 3 + count
  end
  if deletesEnd >= deletes then redis.call('HDEL', key, unpack(ARGV, deletes, deletesEnd)) end
  alive = true
  local outcome = '{' .. table.concat(merged, ',') .. '}'
  if idempotency ~= '' then
    if redis.call('HLEN', keys) >= ${KEYS_KEPT} then
      local entries = {}
      local all = redis.call('HGETALL', keys)
      for j = 1, #all, 2 do entries[#entries + 1] = {tonumber(string.match(all[j + 1], '^%d+')), all[j]} end
      table.sort(entries, function(a, b) return a[1] < b[1] end)
      for j = 1, ${KEYS_KEPT / 2} do redis.call('HDEL', keys, entries[j][2]) end
    end
    redis.call('HSET', keys, idempotency, string.format('%s%06d', now, sequence % 1000000) .. ' ' .. outcome)
    redis.call('EXPIRE', keys, ${KEPT_SECONDS})
  end
  return '["ok",' .. outcome .. ']', ttl
end

local results, expiry = {}, nil
for n = 1, tonumber(ARGV[3]) do
  local result, ttl = commit()
  results[n] = result
  expiry = ttl or expiry
end
results = '[' .. table.concat(results, ',') .. ']'
if expiry then
  redis.call('HSET', key, mark, ARGV[2] .. ' ' .. now .. ' ' .. results)
  redis.call('PEXPIRE', key, expiry)
end
return results`)

/**
 * Ends a session whose content moves to another id. It is put aside for a while under {key}:retired, where nothing but this
 * script finds it, so that asking again after a lost reply is answered the same.
 * KEYS: session, {key}:keys, {key}:retired. ARGV: ms to keep it. Returns its fields, nothing for none.
 */
export const RETIRE = script(`
local kind = redis.call('TYPE', KEYS[1]).ok
redis.call('DEL', KEYS[2])
if kind == 'hash' then
  redis.call('RENAME', KEYS[1], KEYS[3])
else
  redis.call('DEL', KEYS[1])
end
redis.call('PEXPIRE', KEYS[3], ARGV[1])
return redis.call('HGETALL', KEYS[3])`)
