-- Extends a session.
--
-- KEYS[1]  the session
-- ARGV[1]  ms to extend it by
-- ARGV[2]  "1" if its own measure goes before, else "0"
--
-- Returns nothing, or what Redis said if it refuses (it is read-only, say).

local ttl = ARGV[2] == '1' and redis.pcall('HGET', KEYS[1], '@ttl')
local extended = redis.pcall('PEXPIRE', KEYS[1], type(ttl) == 'string' and ttl or ARGV[1])
return type(extended) == 'table' and extended.err
