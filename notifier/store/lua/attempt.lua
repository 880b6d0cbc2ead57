-- Count one try within a window of time that begins with the first.
-- KEYS: counter   ARGV: length of the window (seconds)
-- Answers {how many tries, seconds until they are forgotten}.
local tries = redis.call("INCR", KEYS[1])
if tries == 1 then redis.call("EXPIRE", KEYS[1], ARGV[1]) end
return { tries, redis.call("TTL", KEYS[1]) }
