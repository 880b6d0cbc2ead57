-- Set money aside for texts, as far as the day's has not run out.
-- KEYS: the day (hash: rial, told)   ARGV: the day's limit (rial; 0 for none), how long it is kept (seconds),
--       then for each text what it costs and 1 if it is not to be stopped
-- Answers {1 the first time that four fifths are spent, then for each text 1 if it may be sent}.
local limit, spent = tonumber(ARGV[1]), tonumber(redis.call("HGET", KEYS[1], "rial")) or 0
local answer = { 0 }
for at = 3, #ARGV, 2 do
  local cost, free = tonumber(ARGV[at]), ARGV[at + 1] == "1"
  if free or limit == 0 or spent + cost <= limit then
    spent = spent + cost
    answer[#answer + 1] = 1
  else
    answer[#answer + 1] = 0
  end
end
redis.call("HSET", KEYS[1], "rial", string.format("%.0f", math.max(spent, 0)))
if limit > 0 and spent * 5 >= limit * 4 then answer[1] = redis.call("HSETNX", KEYS[1], "told", 1) end
redis.call("EXPIRE", KEYS[1], ARGV[2])
return answer
