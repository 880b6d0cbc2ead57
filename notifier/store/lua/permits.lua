-- A token bucket shared by all processes: how many of the wanted sends may be made now.
-- KEYS: bucket (hash: tokens, at)   ARGV: now (unix ms), rate (per second), burst, wanted
local now, rate, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local bucket = redis.call("HMGET", KEYS[1], "tokens", "at")
local at = tonumber(bucket[2]) or now
local tokens = math.min(burst, (tonumber(bucket[1]) or burst) + math.max(0, now - at) * rate / 1000)
local granted = math.max(0, math.min(wanted, math.floor(tokens)))
redis.call("HSET", KEYS[1], "tokens", tokens - granted, "at", math.max(now, at))
return granted
