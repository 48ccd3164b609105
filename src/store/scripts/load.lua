-- Loads a session.
--
-- KEYS[1]  the session
-- ARGV[1]  "1" to extend it by its own measure, else "0"
--
-- Returns nothing for none; SESSION of a session; of a record of connect-redis the same as of a session with one field, which has
-- no name.

-- @include session

local key = KEYS[1]
local all = redis.pcall('HGETALL', key)
if all.err then
  if not string.find(all.err, 'WRONGTYPE', 1, true) then return all end
  return reply({redis.call('PTTL', key), '', '', redis.call('GET', key)})
end
if #all == 0 then return false end
return session({}, key, all, ARGV[1] == '1')
