-- A unit of work: every operation of it or none.
-- Operation i works on KEYS[i]; ARGV holds the operations one after another, each as {how many parts, name, parts…}.
-- Checks come first: when one fails nothing has been written, and the answer names it.
--   absent                    check: there is no such key                     -> {"exists", its value}
--   version N                 check: the record is at version N               -> {"conflict"}
--   field NAME VALUE          check: the hash's field has the value; "" for no field        -> {"conflict"}
--   when FIELD VALUE COUNT    skip the next COUNT operations unless the hash's field has the value
--   unless COUNT              skip the next COUNT operations if the key exists
--   take MEMBER               remove a member of the sorted set, keeping its score for
--   give MEMBER               put it into another sorted set with that score
--   read                      answer with the whole list at the key           -> {"done", list, …}
--   COMMAND PARTS             a Redis command on the key
local position, skipped, score = 1, 0, 0
local answer = {"done"}
for _, key in ipairs(KEYS) do
  local last = position + ARGV[position]
  local name, first, second = ARGV[position + 1], ARGV[position + 2], ARGV[position + 3]
  if skipped > 0 then
    skipped = skipped - 1
  elseif name == "absent" then
    if redis.call("EXISTS", key) == 1 then return {"exists", redis.call("GET", key)} end
  elseif name == "version" then
    local version = string.match(redis.call("GETRANGE", key, 0, 24), '^{"v":(%d+)') or "0"
    if version ~= first then return {"conflict"} end
  elseif name == "field" then
    if (redis.call("HGET", key, first) or "") ~= second then return {"conflict"} end
  elseif name == "when" then
    if redis.call("HGET", key, first) ~= second then skipped = tonumber(ARGV[position + 4]) end
  elseif name == "unless" then
    if redis.call("EXISTS", key) == 1 then skipped = tonumber(first) end
  elseif name == "take" then
    score = redis.call("ZSCORE", key, first) or score
    redis.call("ZREM", key, first)
  elseif name == "give" then
    redis.call("ZADD", key, score, first)
  elseif name == "read" then
    answer[#answer + 1] = redis.call("LRANGE", key, 0, -1)
  else
    redis.call(name, key, unpack(ARGV, position + 2, last))
  end
  position = last + 1
end
return answer
