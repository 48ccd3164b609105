-- Commits a batch of changes to one session in one step. A batch that was applied before is not applied again: it returns what
-- it returned then (marks as in RIFL, Lee et al., SOSP 2015: one for each client, which has one batch in flight for a session).
--
-- The session is one hash. (All in one key: a script of two would have to wait while a Cluster moves their slot.) Its fields:
--   :KEY       the session's top-level key KEY, as JSON text (a counter is a plain integer, which is JSON too)
--   @ttl       ms by which a use of the session extends it; absent for a session that ends at a fixed time
--   @wCLIENT   the mark of a client: "sequence seconds results" of its last batch of commits, and behind a NUL when it extended
--              the session last, in s; older marks lack this
--   @keys      a line for each idempotency key: seconds, the key as JSON, its outcome
--
-- KEYS[1]  the session
-- ARGV[1]  "client sequence count fields": how many commits, and how many fields to load: -1 for all
-- ARGV     the names of these fields; then for each commit:
--   "mode ttl lengths"  update (only an existing session), create (only if there is none) or replace (whatever is there);
--                       ms until the session expires, 0 to extend it by its own measure; how many arguments each list has
--   keys     the idempotency key, as JSON
--   loaded   the record of connect-redis that was loaded
--   taken    the fields to take over from it: name, text
--   sets     fields to set: name, text
--   deletes  fields to delete: name
--   adds     counters to add to: name, by, total (the number to store if Redis has none to add to)
--   reads    counters to read: name
--   appends  capped lists to append to: name, length, count (no more than that), entries
--
-- Returns JSON: for each commit ["ok",counters], ["dup",counters], ["gone"], ["exists"] or ["moved"]. If it is to load a session
-- that exists, SESSION follows; for single fields PTTL, @ttl and the text of each, NO_FIELD for none.

-- @include session

-- @include prune

-- @include keys-kept

local key = KEYS[1]
local client, sequence, count, wanted = string.match(ARGV[1], '^(%S+) (%d+) (%d+) (-?%d+)$')
wanted = tonumber(wanted)
local function answer(results)
  if wanted == 0 then return results end
  if wanted > 0 then
    -- One by one: a Redis user whose ACL was made for an older version may not HMGET.
    local first = redis.pcall('HGET', key, ARGV[2])
    if type(first) ~= 'string' then return results end
    local ttl = redis.call('HGET', key, '@ttl')
    if ttl then redis.call('PEXPIRE', key, ttl) end
    local parts = {results, ttl or redis.call('PTTL', key), ttl or '', first}
    for i = 2, wanted do parts[3 + i] = redis.call('HGET', key, ARGV[1 + i]) or NO_FIELD end
    return reply(parts)
  end
  local all = redis.pcall('HGETALL', key)
  if all.err or #all == 0 then return results end
  return session({results}, key, all, true)
end

local now = redis.call('TIME')[1]
local mark = '@w' .. client
local known = redis.pcall('HGET', key, mark)
local legacy = type(known) == 'table' and known.err
if legacy then
  if not string.find(legacy, 'WRONGTYPE', 1, true) then return known end
elseif known then
  local last, results = string.match(known, '^(%d+) %d+ ([^%z]*)')
  if last == sequence then
    -- A change, so that a wait for replicas on this connection waits for it; one that no lack of memory refuses.
    local ttl = redis.call('PTTL', key)
    if ttl > 0 then redis.call('PEXPIRE', key, ttl) end
    return answer(results)
  end
  if tonumber(last) > tonumber(sequence) then return redis.error_reply('STALE a later commit of this client was applied') end
end
local alive = known and true or redis.call('EXISTS', key) == 1
if alive and not known then prune(key, now) end

local at = 1 + math.max(wanted, 0)
local function take()
  at = at + 1
  return ARGV[at]
end

local function take_list(length)
  local from = at + 1
  at = at + length
  return from, at
end

-- In parts, for Lua's stack is short.
local function each(command, from, to)
  for first = from, to, 1000 do
    redis.call(command, key, unpack(ARGV, first, math.min(first + 999, to)))
  end
end

-- Where what follows each line begins. (By plain finds: a gsub takes ten times as long.)
local function starts(lines)
  local found, last = {}, 0
  repeat
    last = string.find(lines, '\n', last + 1, true)
    found[#found + 1] = last and last + 1
  until not last
  return found
end

-- Long strings cost a script most: the new text is made of the old one in one go.
local function append(name, length, from, to)
  local list = redis.call('HGET', key, name)
  local added = table.concat(ARGV, ',\n', from, to)
  local start = list and list ~= '[]' and string.sub(list, 1, 1) == '[' and 2
  if start then
    local entries, at = 0, 1
    repeat
      entries, at = entries + 1, string.find(list, ',\n', at + 1, true)
    until not at
    for _ = 1, entries + to - from + 1 - length do
      at = string.find(list, ',\n', start, true)
      start = at and at + 2
    end
  end
  redis.call('HSET', key, name, start and '[' .. string.sub(list, start, -2) .. ',\n' .. added .. ']' or '[' .. added .. ']')
end

local function known_outcome(idempotency)
  local lines = redis.call('HGET', key, '@keys')
  if not lines then return end
  local _, last = string.find(lines, ' ' .. idempotency .. ' ', 1, true)
  return last and string.match(lines, '^[^\n]*', last + 1)
end

local function remember(idempotency, outcome)
  local lines = redis.call('HGET', key, '@keys') or ''
  local entries = starts(lines)
  local start, first = 1, 1
  while #entries - first + 1 >= KEYS_KEPT or first <= #entries and now - string.match(lines, '^%d+', start) > KEPT_SECONDS do
    start, first = entries[first], first + 1
  end
  redis.call('HSET', key, '@keys', string.sub(lines, start) .. now .. ' ' .. idempotency .. ' ' .. outcome .. '\n')
end

local function commit()
  -- @lists keys loaded taken sets deletes adds reads appends
  local idempotency = keys <= keysEnd and ARGV[keys]

  if mode == 'update' and not alive then return '["gone"]' end
  if mode == 'create' and alive then return '["exists"]' end
  if idempotency then
    local first = alive and not legacy and known_outcome(idempotency)
    if first then return '["dup",' .. first .. ']', ttl end
  end
  if legacy then
    if mode == 'update' and redis.call('GET', key) ~= ARGV[loaded] then return '["moved"]' end
    -- A script that has written is not stopped by a lack of memory any more: the session can't get lost in between.
    redis.call('DEL', key)
    each('HSET', taken, takenEnd)
    legacy = false
  end
  each('HSET', sets, setsEnd)
  if mode == 'replace' then
    local keep = {}
    for i = sets, setsEnd, 2 do keep[ARGV[i]] = true end
    for _, name in ipairs(redis.call('HKEYS', key)) do
      if not keep[name] and name ~= '@keys' and string.sub(name, 1, 2) ~= '@w' then redis.call('HDEL', key, name) end
    end
  end
  local merged = {}
  for i = adds, addsEnd, 3 do
    local name = ARGV[i]
    local total = redis.pcall('HINCRBY', key, name, ARGV[i + 1])
    if type(total) == 'table' then
      if not string.find(total.err, 'not an integer', 1, true) and not string.find(total.err, 'overflow', 1, true) then
        error(total.err)
      end
      total = tonumber(ARGV[i + 2])
      redis.call('HSET', key, name, ARGV[i + 2])
    else
      -- What a crash left of a transaction in the append-only file, the start after the next applies together with the one that
      -- follows (seen with Redis 7.0.15). So the commit that comes again must set the number, not only add to it.
      local exact = math.abs(total) < 2 ^ 53
      redis.call('HSET', key, name, exact and string.format('%.0f', total) or redis.call('HGET', key, name))
    end
    merged[#merged + 1] = cjson.encode(string.sub(name, 2)) .. ':' .. string.format('%.0f', total)
  end
  for i = reads, readsEnd do
    local total = redis.call('HGET', key, ARGV[i])
    if total and string.find(total, '^-?%d+$') then
      merged[#merged + 1] = cjson.encode(string.sub(ARGV[i], 2)) .. ':' .. total
    end
  end
  local i = appends
  while i < appendsEnd do
    local count = tonumber(ARGV[i + 2])
    append(ARGV[i], tonumber(ARGV[i + 1]), i + 3, i + 2 + count)
    i = i + 3 + count
  end
  each('HDEL', deletes, deletesEnd)
  alive = true
  local outcome = '{' .. table.concat(merged, ',') .. '}'
  if idempotency then remember(idempotency, outcome) end
  return '["ok",' .. outcome .. ']', ttl
end

local results, changed, expiry = {}, false, nil
for n = 1, tonumber(count) do
  local result, ttl = commit()
  results[n] = result
  changed = changed or ttl
  if ttl ~= '0' then expiry = ttl or expiry end
end
results = '[' .. table.concat(results, ',') .. ']'
-- Behind the NUL: when the session was extended.
if changed then redis.call('HSET', key, mark, sequence .. ' ' .. now .. ' ' .. results .. '\0' .. now) end
if not expiry and changed and wanted == 0 then expiry = redis.call('HGET', key, '@ttl') end
if expiry then redis.call('PEXPIRE', key, expiry) end
return answer(results)
