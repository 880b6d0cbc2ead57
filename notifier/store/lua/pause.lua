-- Pause a line: each time for longer, until it has worked again. A batch that fails while it is paused already was under
-- way before, and only makes the pause longer if its own wait is over later.
-- KEYS: line (hash)
-- ARGV: now, at least so long, reason, until when it counts as without credit or "", "alert" or "", then how long the first
--       pause is, the second, …; the last again and again   (ms)
-- Answers {how long, 1 if somebody is to be told}; {0, 0} when it was paused already.
local key, now, least, FIRST = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), 6
if ARGV[4] ~= "" then redis.call("HSET", key, "exhausted", ARGV[4]) end
local tell = 0
if ARGV[5] ~= "" then tell = redis.call("HSETNX", key, "told", 1) end
local before = tonumber(redis.call("HGET", key, "until")) or 0
if before > now then
  if now + least > before then redis.call("HSET", key, "until", now + least, "reason", ARGV[3]) end
  return { 0, tell }
end
local pauses = redis.call("HINCRBY", key, "pauses", 1)
local wait = math.max(tonumber(ARGV[math.min(FIRST + pauses - 1, #ARGV)]), least)
redis.call("HSET", key, "until", now + wait, "reason", ARGV[3], "probe_until", 0)
return { wait, tell }
