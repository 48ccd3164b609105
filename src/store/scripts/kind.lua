-- Tells a session from what others have under its prefix.
--
-- KEYS[1]  the key
--
-- Returns 1 for a session, an array of the text of what may be a record of connect-redis, nothing for anything else.

local key = KEYS[1]
local ttl = redis.pcall('HGET', key, '@ttl')
if type(ttl) == 'string' then return 1 end
if type(ttl) == 'table' then
  if not string.find(ttl.err, 'WRONGTYPE', 1, true) then return ttl end
  local text = redis.pcall('GET', key)
  return type(text) == 'string' and {text}
end
for _, name in ipairs(redis.call('HKEYS', key)) do
  if string.byte(name) == 58 then return 1 end
end
