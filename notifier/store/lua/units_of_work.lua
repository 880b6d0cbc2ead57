-- Units of work, each for itself: every operation of a unit or none. All of them are one command, and so one fsync.
-- ARGV[1] holds the units, as MessagePack: each is a list of operations, an operation its name, its key and its parts.
-- KEYS are for a cluster alone. The checks of a unit come first: when one fails nothing of it is written.
--   absent                    check: there is no such key                     -> {"exists", its value}
--   version N                 check: the record is at version N               -> {"conflict"}
--   field NAME VALUE          check: the hash's field has the value; "" for no field        -> {"conflict"}
--   length N                  check: the list has so many entries             -> {"conflict"}
--   when FIELD VALUE COUNT    skip the next COUNT operations unless the hash's field has the value
--   unless COUNT              skip the next COUNT operations if the key exists
--   take MEMBER               remove a member of the sorted set, keeping its score for
--   give MEMBER               put it into another sorted set with that score
--   count SECONDS FIELD N …   add to counters of the hash, which is kept for so long from now
--   read                      answer with the whole list at the key           -> {"done", list, …}
--   COMMAND PARTS             a Redis command on the key
-- A unit that Redis refuses is answered {"failed", why}; the others are not touched by it.
-- A unit may require the version that one before it writes. When that one is not carried out, a record of that version
-- may be there all the same, written by somebody else: `version` conflicts for whatever it would have written or required.
local in_vain = {} -- the keys of units that were not carried out

local function carry_out(operations)
  local skipped, score, answer = 0, 0, { "done" }
  for _, operation in ipairs(operations) do
    local name, key, first, second = operation[1], operation[2], operation[3], operation[4]
    if skipped > 0 then
      skipped = skipped - 1
    elseif name == "absent" then
      if redis.call("EXISTS", key) == 1 then return { "exists", redis.call("GET", key) } end
    elseif name == "version" then
      if in_vain[key] then return { "conflict" } end
      local version = string.match(redis.call("GETRANGE", key, 0, 24), '^{"v":(%d+)') or 0
      if tonumber(version) ~= first then return { "conflict" } end
    elseif name == "field" then
      if (redis.call("HGET", key, first) or "") ~= second then return { "conflict" } end
    elseif name == "length" then
      if redis.call("LLEN", key) ~= first then return { "conflict" } end
    elseif name == "when" then
      if redis.call("HGET", key, first) ~= second then skipped = operation[5] end
    elseif name == "unless" then
      if redis.call("EXISTS", key) == 1 then skipped = first end
    elseif name == "take" then
      score = redis.call("ZSCORE", key, first) or score
      redis.call("ZREM", key, first)
    elseif name == "give" then
      redis.call("ZADD", key, score, first)
    elseif name == "count" then
      for at = 4, #operation, 2 do redis.call("HINCRBY", key, operation[at], operation[at + 1]) end
      redis.call("EXPIRE", key, first)
    elseif name == "read" then
      answer[#answer + 1] = redis.call("LRANGE", key, 0, -1)
    else
      redis.call(unpack(operation))
    end
  end
  return answer
end

local answers = {}
for number, operations in ipairs(cmsgpack.unpack(ARGV[1])) do
  local fine, answer = pcall(carry_out, operations)
  answers[number] = fine and answer or { "failed", type(answer) == "table" and answer.err or tostring(answer) }
  if answers[number][1] ~= "done" then
    for _, operation in ipairs(operations) do in_vain[operation[2]] = true end
  end
end
return answers
