-- Pause a line: each time for longer, until it has worked again. A batch that fails while it is paused already was under
-- way before, and only makes the pause longer if its own wait is over later.
-- KEYS: line (hash)
-- ARGV: now, the shortest pause, the longest, at least so long, reason, until when it counts as without credit or "", "alert" or ""   (ms)
-- Answers {how long, 1 if somebody is to be told}; {0, 0} when it was paused already.
local key, now, least = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[4])
if ARGV[6] ~= "" then redis.call("HSET", key, "exhausted", ARGV[6]) end
local tell = 0
if ARGV[7] ~= "" then tell = redis.call("HSETNX", key, "told", 1) end
local before = tonumber(redis.call("HGET", key, "until")) or 0
if before > now then
  if now + least > before then redis.call("HSET", key, "until", now + least, "reason", ARGV[5]) end
  return { 0, tell }
end
local pauses = redis.call("HINCRBY", key, "pauses", 1)
local wait = math.min(tonumber(ARGV[2]) * 2 ^ math.min(pauses - 1, 20), tonumber(ARGV[3]))
wait = math.max(wait, least)
redis.call("HSET", key, "until", now + wait, "reason", ARGV[5], "probe_until", 0)
return { wait, tell }
