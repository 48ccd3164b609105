-- prune(key, now): takes out the marks of clients that have not changed this session for a while. Returns the names of the others.

-- How long marks and idempotency keys are kept, in s: no reply is waited for that long, nor does TCP resend for that long.
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
