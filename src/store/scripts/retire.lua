-- Ends a session whose content moves to another id. It is put aside for a while, under a key that only this call knows: asked again
-- after a lost reply, it answers the same, and nobody else brings the session back.
--
-- KEYS[1]  the session
-- KEYS[2]  where to put it: {session}:retired:CALL
-- ARGV[1]  ms to keep it there
--
-- Returns its text or its fields; nothing for none.

if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[2]) end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
if redis.call('TYPE', KEYS[2]).ok == 'string' then return redis.call('GET', KEYS[2]) end
return redis.call('HGETALL', KEYS[2])
