-- Commits to a session in the form in which connect-redis stores it: one text. The client makes that text of what it found (a script
-- that decodes JSON spoils it); here it is written if that is still what is there.
--
-- KEYS[1]  the session: a record of connect-redis, or the hash of commit.lua
-- KEYS[2]  what is remembered of its commits for a while: {session}:commits, a hash. (The record itself must stay as connect-redis
--          wrote it.) Its fields:
--   @wCLIENT  the mark of a client: "sequence seconds outcome" of its last commit
--   @w"KEY"   "0 seconds outcome" of the commit with this idempotency key, which is JSON
-- ARGV[1]  client
-- ARGV[2]  sequence
-- ARGV[3]  the idempotency key as JSON; empty for none
-- ARGV[4]  the version that the text was made of: of a record its SHA-1, "none" for no session; "any" to replace
--          whatever is there; "look" if there is no text yet
-- ARGV[5]  the text
-- ARGV[6]  ms until the session expires; 0 to leave that as it is
-- ARGV[7]  the outcome of this commit: what is returned when it comes again
--
-- Returns "done" and the outcome; or "found", the version, PTTL and an array of what is there: nothing, the record,
-- or the fields of the hash.

-- @include prune

-- @include keys-kept

local session, commits = KEYS[1], KEYS[2]
local client, sequence, idempotency, version = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

-- A change, so that a wait for replicas on this connection waits for it.
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
    found = redis.sha1hex(table.concat(content, '\0'))
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
-- Idempotency keys are the session's: another one of the same id knows none of them. And only the newest are kept.
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
return {'done', ARGV[7]}
