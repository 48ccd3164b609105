-- Creates a session, if there is none: what commit.lua does for one commit of a usual new session, in a third of its time.
--
-- KEYS[1]  the session
-- ARGV[1]  ms until it expires
-- ARGV     its fields, the mark among them: name, text
--
-- Returns 1; nothing if there is something, which commit.lua tells apart then.

if redis.call('EXISTS', KEYS[1]) == 1 then return false end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
