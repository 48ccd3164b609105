-- How many idempotency keys a session keeps at most: the newest.
local KEYS_KEPT = 128
