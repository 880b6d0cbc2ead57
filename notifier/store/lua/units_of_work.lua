-- Units of work, each for itself: every operation of a unit or none. All of them are one command, and so one fsync.
-- ARGV[1] holds the units, as MessagePack: each is a list of operations, an operation its name, its key and its parts.
-- KEYS are for a cluster alone. The checks of a unit come first: when one fails nothing of it is written.
--   absent                    check: there is no such key                     -> {"exists", its value}
--   version N                 check: the record is at version N               -> {"conflict"}
--   field NAME VALUE          check: the hash's field has the value; "" for no field        -> {"conflict"}
--   length N                  check: the list has so many entries             -> {"conflict"}
--   when FIELD VALUE COUNT    skip the next COUNT operations unless the hash's field has the value; "" for no field
--   unless COUNT              skip the next COUNT operations if the key exists
--   take MEMBER               remove a member of the sorted set, keeping its score for
--   give MEMBER               put it into another sorted set with that score
--   index SCORE MEMBER …      put them into a sorted set that many units write into
--   count SECONDS FIELD N …   add to counters of the hash, which is kept for so long from now
--   read                      answer with the whole list at the key           -> {"done", list, …}
--   COMMAND PARTS             a Redis command on the key
-- A unit that Redis refuses is answered {"failed", why}; the others are not touched by it.
-- A unit may require the version that one before it writes. When that one is not carried out, a record of that version
-- may be there all the same, written by somebody else: `version` conflicts for whatever it would have written or
-- required.
-- What units index, give and count is gathered by key, and written before anything else is done with the key, or at
-- last.
local units, answers = cmsgpack.unpack(ARGV[1]), {}
local in_vain = {} -- the keys of units that were not carried out
local GATHERED, pending = { index = true, give = true, count = true }, {}
local EXACT = 2 ^ 53 -- up to which every whole number is one of Lua's

local function failed(why)
  return { "failed", type(why) == "table" and why.err or tostring(why) }
end

local function gathered(key)
  pending[key] = pending[key] or { entries = {}, counts = {} }
  return pending[key]
end

local function add(key, score, member)
  local entries = gathered(key).entries
  local last = #entries
  entries[last + 1], entries[last + 2] = score, member
end

local function write(key)
  local one = pending[key]
  pending[key] = nil
  local entries = one.entries
  for at = 1, #entries, 1000 do redis.call("ZADD", key, unpack(entries, at, math.min(at + 999, #entries))) end
  for field, count in pairs(one.counts) do redis.call("HINCRBY", key, field, count) end
  if one.seconds then redis.call("EXPIRE", key, one.seconds) end
end

-- Have what was gathered for the key there; where Redis refuses it, no unit that had part in it is done.
local function settle(key)
  local fine, why = pcall(write, key)
  if fine then return end
  for number, operations in ipairs(units) do
    for _, operation in ipairs(operations) do
      if operation[2] == key and GATHERED[operation[1]] then answers[number] = failed(why) end
    end
  end
end

local function add_count(key, field, count, seconds)
  local one = gathered(key)
  local sum = (one.counts[field] or 0) + count
  if sum > EXACT or sum < -EXACT then
    settle(key)
    one, sum = gathered(key), count
  end
  one.counts[field], one.seconds = sum, seconds
end

local function carry_out(operations)
  local skipped, score, answer = 0, 0, { "done" }
  for _, operation in ipairs(operations) do
    local name, key, first, second = operation[1], operation[2], operation[3], operation[4]
    if skipped == 0 and pending[key] and not GATHERED[name] then settle(key) end
    if skipped > 0 then
      skipped = skipped - 1
    elseif name == "index" then
      for at = 4, #operation do add(key, first, operation[at]) end
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
      if (redis.call("HGET", key, first) or "") ~= second then skipped = operation[5] end
    elseif name == "unless" then
      if redis.call("EXISTS", key) == 1 then skipped = first end
    elseif name == "take" then
      score = redis.call("ZSCORE", key, first) or score
      redis.call("ZREM", key, first)
    elseif name == "give" then
      add(key, score, first)
    elseif name == "count" then
      for at = 4, #operation, 2 do add_count(key, operation[at], operation[at + 1], first) end
    elseif name == "read" then
      answer[#answer + 1] = redis.call("LRANGE", key, 0, -1)
    else
      redis.call(unpack(operation))
    end
  end
  return answer
end

for number, operations in ipairs(units) do
  local fine, answer = pcall(carry_out, operations)
  answers[number] = answers[number] or fine and answer or failed(answer)
  if answers[number][1] ~= "done" then
    for _, operation in ipairs(operations) do in_vain[operation[2]] = true end
  end
end
for key in pairs(pending) do settle(key) end
return answers
