-- Mark messages before a call that must not be made twice; only those that are still ours are answered and may be called.
-- KEYS: sending   ARGV: when the claim lapses now, token of the claim, what keys of messages begin with, ids…
local ours = {}
for place = 4, #ARGV do
  local id, key = ARGV[place], ARGV[3] .. ARGV[place]
  local record = redis.call("HMGET", key, "state", "owner")
  if record[1] == "sending" and record[2] == ARGV[2] then
    redis.call("HSET", key, "called", 1)
    redis.call("ZADD", KEYS[1], ARGV[1], id)
    ours[#ours + 1] = id
  end
end
return ours
