-- Have the claims of dead workers lapse now: those whose heartbeat is gone.
-- KEYS: sending; then what a key is called, with %s for what it is about: message, claim (its heartbeat).
-- ARGV: how the tokens of claims with a heartbeat begin; when the last look was (ms of this server, 0 for none that
--       counts); how long ago (ms) that may be: a look that waited in line may have overtaken the renewals behind it.
-- Answers the time (ms of this server), and how many lapsed.
local sending, message_key, claim_key = unpack(KEYS)
local prefix, last, apart = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call("TIME")
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lapsed, alive = 0, {}
if last == 0 or now < last or now - last > apart then return { now, lapsed } end
for _, id in ipairs(redis.call("ZRANGEBYSCORE", sending, "(1", "+inf")) do
  local record = redis.call("HMGET", message_key:format(id), "state", "owner")
  local token = record[2]
  if record[1] == "sending" and token and token:sub(1, #prefix) == prefix then
    if alive[token] == nil then alive[token] = redis.call("EXISTS", claim_key:format(token)) == 1 end
    if not alive[token] then
      redis.call("ZADD", sending, "XX", 1, id)
      lapsed = lapsed + 1
    end
  end
end
return { now, lapsed }
