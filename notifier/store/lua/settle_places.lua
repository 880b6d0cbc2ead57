-- Make an order's places what its record says: one in the slot it has, none in any other.
-- KEYS: the order's places (hash), the orders to be looked at (zset), then who has a place in each of some slots (hashes)
-- ARGV: order, version of its record (-1: there is none), the slot it has a place in or "", how many that holds, how long
--       it is kept (seconds), unix ms before which a place is not kept any more for news to come, then those slots' names
-- Answers how many places still wait for news.
local order, version, current = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if version >= 0 and version < (tonumber(redis.call("HGET", KEYS[1], "v")) or 0) then return 0 end
for at = 7, #ARGV do
  local slot, places = ARGV[at], KEYS[at - 4]
  local since = tonumber(redis.call("HGET", KEYS[1], slot)) or 0
  if slot == current then
    if redis.call("HEXISTS", places, order) == 0 then
      local none = redis.call("HLEN", places) >= tonumber(ARGV[4])
      redis.call("HSET", places, order, none and "over" or "in")
      redis.call("EXPIRE", places, ARGV[5])
    end
    redis.call("HSET", KEYS[1], slot, 0)
    redis.call("EXPIRE", KEYS[1], ARGV[5])
  elseif since <= tonumber(ARGV[6]) then
    redis.call("HDEL", places, order)
    redis.call("HDEL", KEYS[1], slot)
  end
end
local held, waiting = 0, 0
local all = redis.call("HGETALL", KEYS[1])
for at = 1, #all, 2 do
  if all[at] ~= "v" then
    held = held + 1
    if all[at + 1] ~= "0" then waiting = waiting + 1 end
  end
end
if version >= 0 then redis.call("HSET", KEYS[1], "v", ARGV[2]) end
-- The version outlives the last place for a while: who read the record before is not to bring one back.
if held == 0 then redis.call("EXPIRE", KEYS[1], 3600) end
if waiting == 0 then redis.call("ZREM", KEYS[2], order) end
return waiting
