-- Take a place in a slot for an order, if there is one.
-- KEYS: who has a place in the slot (hash), the order's places (hash), the orders to be looked at (zset)
-- ARGV: order, slot, places, 1 to take one even where none is left, now (unix ms), how long it is kept (seconds)
-- Answers "in", "over" (more are taken than it holds) or "full". Who has a place already keeps it.
local had = redis.call("HGET", KEYS[1], ARGV[1])
if not had then
  local none = redis.call("HLEN", KEYS[1]) >= tonumber(ARGV[3])
  if none and ARGV[4] ~= "1" then return "full" end
  had = none and "over" or "in"
  redis.call("HSET", KEYS[1], ARGV[1], had)
  redis.call("EXPIRE", KEYS[1], ARGV[6])
end
-- A place that stands for good is made to last while news is on its way that may need it.
redis.call("HSET", KEYS[2], ARGV[2], ARGV[5])
redis.call("EXPIRE", KEYS[2], ARGV[6])
redis.call("ZADD", KEYS[3], "NX", ARGV[5], ARGV[1])
return had
