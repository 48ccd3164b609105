-- session(parts, key, all, slides): what a session is returned as, behind the given parts: PTTL, @ttl, then the name and the text
-- of each field. If Redis refuses to extend the session (it is read-only, say), PTTL is followed by a space and what it said. Marks and idempotency keys are left out: they may be longer than it.

-- @include reply

-- What stands for a field that is not there: no text that a session could have.
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
