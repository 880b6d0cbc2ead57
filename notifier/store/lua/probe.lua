-- Whether we are the one who may try a line that was paused: one at a time, whoever asks first.
-- KEYS: line (hash)   ARGV: now, until when nobody else may try (unix ms)
if (tonumber(redis.call("HGET", KEYS[1], "probe_until")) or 0) > tonumber(ARGV[1]) then return 0 end
redis.call("HSET", KEYS[1], "probe_until", ARGV[2])
return 1
