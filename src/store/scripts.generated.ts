// Written by scripts/store-scripts.mjs from scripts/*.lua: change those, and run it.

export const NO_FIELD = '-'

export const SESSION = `local function reply(parts)
  local size = 0
  for i = 1, #parts do
    size = size + string.len(parts[i])
    if size > 1000 or string.find(parts[i], '\\0', 1, true) then return parts end
  end
  return table.concat(parts, '\\0')
end
local NO_FIELD = '-'
local function session(parts, key, all, slides)
  local at = #parts
  parts[at + 1], parts[at + 2] = '', ''
  for i = 1, #all, 2 do
    if string.byte(all[i]) == 58 then
      parts[#parts + 1] = all[i]
      parts[#parts + 1] = all[i + 1]
    elseif all[i] == '@ttl' then
      parts[at + 2] = all[i + 1]
    end
  end
  local ttl = parts[at + 2]
  local refused = slides and ttl ~= '' and redis.pcall('PEXPIRE', key, ttl)
  if not refused then ttl = redis.call('PTTL', key) end
  if type(refused) == 'table' then ttl = redis.call('PTTL', key) .. ' ' .. refused.err end
  parts[at + 1] = ttl
  return reply(parts)
end`

export const PRUNE = `local KEPT_SECONDS = 600
local function prune(key, now)
  local kept = {}
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 1, 2) == '@w' then
      local seconds = string.match(redis.call('HGET', key, name), '^%d+ (%d+)')
      if now - seconds > KEPT_SECONDS then redis.call('HDEL', key, name) else kept[#kept + 1] = name end
    end
  end
  return kept
end`

export const COMMIT_LISTS = [
  'keys',
  'loaded',
  'taken',
  'sets',
  'deletes',
  'adds',
  'reads',
  'appends',
] as const

export const COMMIT = {
  sha: 'fe645aa6df18052d5f23bea30dcbc436b993fb2d',
  lua: `local function reply(parts)
  local size = 0
  for i = 1, #parts do
    size = size + string.len(parts[i])
    if size > 1000 or string.find(parts[i], '\\0', 1, true) then return parts end
  end
  return table.concat(parts, '\\0')
end
local NO_FIELD = '-'
local function session(parts, key, all, slides)
  local at = #parts
  parts[at + 1], parts[at + 2] = '', ''
  for i = 1, #all, 2 do
    if string.byte(all[i]) == 58 then
      parts[#parts + 1] = all[i]
      parts[#parts + 1] = all[i + 1]
    elseif all[i] == '@ttl' then
      parts[at + 2] = all[i + 1]
    end
  end
  local ttl = parts[at + 2]
  local refused = slides and ttl ~= '' and redis.pcall('PEXPIRE', key, ttl)
  if not refused then ttl = redis.call('PTTL', key) end
  if type(refused) == 'table' then ttl = redis.call('PTTL', key) .. ' ' .. refused.err end
  parts[at + 1] = ttl
  return reply(parts)
end
local KEPT_SECONDS = 600
local function prune(key, now)
  local kept = {}
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 1, 2) == '@w' then
      local seconds = string.match(redis.call('HGET', key, name), '^%d+ (%d+)')
      if now - seconds > KEPT_SECONDS then redis.call('HDEL', key, name) else kept[#kept + 1] = name end
    end
  end
  return kept
end
local KEYS_KEPT = 128
local key = KEYS[1]
local client, sequence, count, wanted = string.match(ARGV[1], '^(%S+) (%d+) (%d+) (-?%d+)$')
wanted = tonumber(wanted)
local function answer(results)
  if wanted == 0 then return results end
  if wanted > 0 then
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
local function each(command, from, to)
  for first = from, to, 1000 do
    redis.call(command, key, unpack(ARGV, first, math.min(first + 999, to)))
  end
end
local function starts(lines)
  local found, last = {}, 0
  repeat
    last = string.find(lines, '\\n', last + 1, true)
    found[#found + 1] = last and last + 1
  until not last
  return found
end
local function append(name, length, from, to)
  local list = redis.call('HGET', key, name)
  local added = table.concat(ARGV, ',\\n', from, to)
  local start = list and list ~= '[]' and string.sub(list, 1, 1) == '[' and 2
  if start then
    local entries, at = 0, 1
    repeat
      entries, at = entries + 1, string.find(list, ',\\n', at + 1, true)
    until not at
    for _ = 1, entries + to - from + 1 - length do
      at = string.find(list, ',\\n', start, true)
      start = at and at + 2
    end
  end
  redis.call('HSET', key, name, start and '[' .. string.sub(list, start, -2) .. ',\\n' .. added .. ']' or '[' .. added .. ']')
end
local function known_outcome(idempotency)
  local lines = redis.call('HGET', key, '@keys')
  if not lines then return end
  local _, last = string.find(lines, ' ' .. idempotency .. ' ', 1, true)
  return last and string.match(lines, '^[^\\n]*', last + 1)
end
local function remember(idempotency, outcome)
  local lines = redis.call('HGET', key, '@keys') or ''
  local entries = starts(lines)
  local start, first = 1, 1
  while #entries - first + 1 >= KEYS_KEPT or first <= #entries and now - string.match(lines, '^%d+', start) > KEPT_SECONDS do
    start, first = entries[first], first + 1
  end
  redis.call('HSET', key, '@keys', string.sub(lines, start) .. now .. ' ' .. idempotency .. ' ' .. outcome .. '\\n')
end
local function commit()
  local mode, ttl, keysLength, loadedLength, takenLength, setsLength, deletesLength, addsLength, readsLength, appendsLength =
    string.match(take(), '^(%a+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  local keys, keysEnd = take_list(keysLength)
  local loaded, loadedEnd = take_list(loadedLength)
  local taken, takenEnd = take_list(takenLength)
  local sets, setsEnd = take_list(setsLength)
  local deletes, deletesEnd = take_list(deletesLength)
  local adds, addsEnd = take_list(addsLength)
  local reads, readsEnd = take_list(readsLength)
  local appends, appendsEnd = take_list(appendsLength)
  local idempotency = keys <= keysEnd and ARGV[keys]
  if mode == 'update' and not alive then return '["gone"]' end
  if mode == 'create' and alive then return '["exists"]' end
  if idempotency then
    local first = alive and not legacy and known_outcome(idempotency)
    if first then return '["dup",' .. first .. ']', ttl end
  end
  if legacy then
    if mode == 'update' and redis.call('GET', key) ~= ARGV[loaded] then return '["moved"]' end
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
if changed then redis.call('HSET', key, mark, sequence .. ' ' .. now .. ' ' .. results .. '\\0' .. now) end
if not expiry and changed and wanted == 0 then expiry = redis.call('HGET', key, '@ttl') end
if expiry then redis.call('PEXPIRE', key, expiry) end
return answer(results)`,
} as const

export const CREATE = {
  sha: '760bd807a3e31946b8115a7ac1091b65deea9887',
  lua: `if redis.call('EXISTS', KEYS[1]) == 1 then return false end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`,
} as const

export const DESTROY = {
  sha: 'c68494fafc7dcbf362e1fda6ffbe29ac34e1dc82',
  lua: `local ended = redis.call('DEL', KEYS[1])
redis.pcall('SET', KEYS[1], '')
redis.call('DEL', KEYS[1])
return ended`,
} as const

export const KIND = {
  sha: '951d33588aab3b205b8582ab510ea96f0372735a',
  lua: `local key = KEYS[1]
local ttl = redis.pcall('HGET', key, '@ttl')
if type(ttl) == 'string' then return 1 end
if type(ttl) == 'table' then
  if not string.find(ttl.err, 'WRONGTYPE', 1, true) then return ttl end
  local text = redis.pcall('GET', key)
  return type(text) == 'string' and {text}
end
for _, name in ipairs(redis.call('HKEYS', key)) do
  if string.byte(name) == 58 then return 1 end
end`,
} as const

export const LOAD = {
  sha: '559fd2a665327813ae3a3b9f2839f31e2e0ccc5a',
  lua: `local function reply(parts)
  local size = 0
  for i = 1, #parts do
    size = size + string.len(parts[i])
    if size > 1000 or string.find(parts[i], '\\0', 1, true) then return parts end
  end
  return table.concat(parts, '\\0')
end
local NO_FIELD = '-'
local function session(parts, key, all, slides)
  local at = #parts
  parts[at + 1], parts[at + 2] = '', ''
  for i = 1, #all, 2 do
    if string.byte(all[i]) == 58 then
      parts[#parts + 1] = all[i]
      parts[#parts + 1] = all[i + 1]
    elseif all[i] == '@ttl' then
      parts[at + 2] = all[i + 1]
    end
  end
  local ttl = parts[at + 2]
  local refused = slides and ttl ~= '' and redis.pcall('PEXPIRE', key, ttl)
  if not refused then ttl = redis.call('PTTL', key) end
  if type(refused) == 'table' then ttl = redis.call('PTTL', key) .. ' ' .. refused.err end
  parts[at + 1] = ttl
  return reply(parts)
end
local key = KEYS[1]
local all = redis.pcall('HGETALL', key)
if all.err then
  if not string.find(all.err, 'WRONGTYPE', 1, true) then return all end
  return reply({redis.call('PTTL', key), '', '', redis.call('GET', key)})
end
if #all == 0 then return false end
return session({}, key, all, ARGV[1] == '1')`,
} as const

export const RECORD = {
  sha: '8b2909e68d60fe265da2060687fed9419f4e704f',
  lua: `local KEPT_SECONDS = 600
local function prune(key, now)
  local kept = {}
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 1, 2) == '@w' then
      local seconds = string.match(redis.call('HGET', key, name), '^%d+ (%d+)')
      if now - seconds > KEPT_SECONDS then redis.call('HDEL', key, name) else kept[#kept + 1] = name end
    end
  end
  return kept
end
local KEYS_KEPT = 128
local session, commits = KEYS[1], KEYS[2]
local client, sequence, idempotency, version = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local function keep()
  redis.call('PEXPIRE', commits, KEPT_SECONDS * 1000)
end
local known = redis.call('HGET', commits, '@w' .. client)
if known then
  local last, outcome = string.match(known, '^(%d+) %d+ (.*)$')
  if last == sequence then
    keep()
    return {'done', outcome}
  end
  if tonumber(last) > tonumber(sequence) then return redis.error_reply('STALE a later commit of this client was applied') end
end
if idempotency ~= '' then
  local first = redis.call('HGET', commits, '@w' .. idempotency)
  if first and redis.call('EXISTS', session) == 1 then
    keep()
    return {'done', (string.gsub(string.match(first, '^0 %d+ (.*)$'), '^%["ok"', '["dup"'))}
  end
end
local found, content = 'none', {}
local text = redis.pcall('GET', session)
if type(text) == 'string' then
  found, content = redis.sha1hex(text), {text}
elseif text then
  content = redis.pcall('HGETALL', session)
  if not content.err then
    found = redis.sha1hex(table.concat(content, '\\0'))
  elseif string.find(content.err, 'WRONGTYPE', 1, true) then
    found, content = 'foreign', {}
  else
    return content
  end
end
if version ~= found and version ~= 'any' then
  return {'found', found, redis.call('PTTL', session), content}
end
local now = redis.call('TIME')[1]
if not known or idempotency ~= '' or found == 'none' then
  local keys = {}
  for _, name in ipairs(prune(commits, now)) do
    if string.sub(name, 1, 3) == '@w"' then
      if found == 'none' then redis.call('HDEL', commits, name) else keys[#keys + 1] = name end
    end
  end
  if idempotency ~= '' and #keys >= KEYS_KEPT then
    local oldest, least
    for _, name in ipairs(keys) do
      local at = tonumber(string.match(redis.call('HGET', commits, name), '^0 (%d+)'))
      if not least or at < least then oldest, least = name, at end
    end
    redis.call('HDEL', commits, oldest)
  end
end
if ARGV[6] == '0' then
  redis.call('SET', session, ARGV[5], 'KEEPTTL')
else
  redis.call('SET', session, ARGV[5], 'PX', ARGV[6])
end
redis.call('HSET', commits, '@w' .. client, sequence .. ' ' .. now .. ' ' .. ARGV[7])
if idempotency ~= '' then redis.call('HSET', commits, '@w' .. idempotency, '0 ' .. now .. ' ' .. ARGV[7]) end
keep()
return {'done', ARGV[7]}`,
} as const

export const RETIRE = {
  sha: 'bae039eecddd424565465ff237bbc8ccce5cd66e',
  lua: `if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[2]) end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
if redis.call('TYPE', KEYS[2]).ok == 'string' then return redis.call('GET', KEYS[2]) end
return redis.call('HGETALL', KEYS[2])`,
} as const

export const TOUCH = {
  sha: '4e95e96fc086007ed1538f72e2da88ab1c8401fe',
  lua: `local ttl = ARGV[2] == '1' and redis.pcall('HGET', KEYS[1], '@ttl')
local extended = redis.pcall('PEXPIRE', KEYS[1], type(ttl) == 'string' and ttl or ARGV[1])
return type(extended) == 'table' and extended.err`,
} as const
