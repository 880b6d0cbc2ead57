-- Take members whose time has come, and put them off so that nobody else takes them meanwhile.
-- KEYS: a sorted set of times   ARGV: now, until when they are put off, how many
local found = redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", ARGV[1], "LIMIT", 0, ARGV[3])
for _, member in ipairs(found) do redis.call("ZADD", KEYS[1], ARGV[2], member) end
return found
