-- Ends a session. A DEL of nothing, sent again after a lost reply, is no change, and a wait for replicas that knows of no change on
-- its connection waits for nothing (Redis 7.2 and later). So there is a change in any case.
--
-- KEYS[1]  the session
--
-- Returns how many sessions it ended: 0 or 1.

local ended = redis.call('DEL', KEYS[1])
redis.pcall('SET', KEYS[1], '')
redis.call('DEL', KEYS[1])
return ended
