-- Mark messages before a call that must not be made twice; only those that are still ours are answered and may be called.
-- KEYS: sending, messages…   ARGV: when the claim lapses now, token of the claim, the id of each message
local ours = {}
for place = 2, #KEYS do
  local id, record = ARGV[place + 1], redis.call("HMGET", KEYS[place], "state", "owner")
  if record[1] == "sending" and record[2] == ARGV[2] then
    redis.call("HSET", KEYS[place], "called", 1)
    redis.call("ZADD", KEYS[1], ARGV[1], id)
    ours[#ours + 1] = id
  end
end
return ours
