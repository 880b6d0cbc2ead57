-- Take messages to be sent: those whose claim by a dead worker has lapsed, then those whose time has come.
-- KEYS: outbox, sending, messages:queued, messages:sending, in_turn (customer -> the message last taken for them)
-- ARGV: now, when this claim lapses, how many, what message keys begin with      (times are unix ms)
-- Answers {id, "lapsed" or "ready", message, attempts, …} for each.
local outbox, sending, queued_list, sending_list, in_turn = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, lapse, count, prefix = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local taken = {}

local function take(id, how, record)
  redis.call("ZADD", sending, lapse, id)
  taken[#taken + 1] = id
  taken[#taken + 1] = how
  taken[#taken + 1] = record[2]
  taken[#taken + 1] = record[3] or ""
end

for _, id in ipairs(redis.call("ZRANGEBYSCORE", sending, "-inf", now, "LIMIT", 0, count)) do
  take(id, "lapsed", redis.call("HMGET", prefix .. id, "state", "message", "attempts"))
end

local ready = redis.call("ZRANGEBYSCORE", outbox, "-inf", now, "LIMIT", 0, count - #taken / 4)
for _, id in ipairs(ready) do
  local record = redis.call("HMGET", prefix .. id, "state", "message", "attempts", "to")
  -- Texts of one customer leave one after another: whoever is behind one that is not done yet looks again after it.
  local before = redis.call("HGET", in_turn, record[4])
  local state = before and before ~= id and redis.call("HGET", prefix .. before, "state")
  if state == "sending" then
    redis.call("ZADD", outbox, now + 100, id)
  elseif state == "queued" then
    redis.call("ZADD", outbox, (tonumber(redis.call("ZSCORE", outbox, before)) or now) + 1, id)
  else
    redis.call("HSET", in_turn, record[4], id)
    redis.call("HSET", prefix .. id, "state", "sending")
    redis.call("ZREM", outbox, id)
    redis.call("ZADD", sending_list, redis.call("ZSCORE", queued_list, id) or now, id)
    redis.call("ZREM", queued_list, id)
    take(id, "ready", record)
  end
end
return taken
