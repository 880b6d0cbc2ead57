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
--   index SCORE MEMBER        put it into a sorted set that all units write into
--   count SECONDS FIELD N …   add to counters of the hash, which is kept for so long from now
--   read                      answer with the whole list at the key           -> {"done", list, …}
--   COMMAND PARTS             a Redis command on the key
-- A unit that Redis refuses is answered {"failed", why}; the others are not touched by it.
-- What units index, give and count is put together by key, and written before anything else is done with the key, or at last.
local GATHERED, pending = { index = true, give = true, count = true }, {}

local function write(key)
  local entries, counts, seconds = pending[key].entries, pending[key].counts, pending[key].seconds
  pending[key] = nil
  for at = 1, #entries, 1000 do redis.call("ZADD", key, unpack(entries, at, math.min(at + 999, #entries))) end
  for field, count in pairs(counts) do redis.call("HINCRBY", key, field, count) end
  if seconds then redis.call("EXPIRE", key, seconds) end
end

local function waiting(key)
  pending[key] = pending[key] or { entries = {}, counts = {} }
  return pending[key]
end

local function add(key, score, member)
  local entries = waiting(key).entries
  local last = #entries
  entries[last + 1], entries[last + 2] = score, member
end

local function carry_out(operations)
  local skipped, score, answer = 0, 0, { "done" }
  for _, operation in ipairs(operations) do
    local name, key, first, second = operation[1], operation[2], operation[3], operation[4]
    if skipped == 0 and pending[key] and not GATHERED[name] then write(key) end
    if skipped > 0 then
      skipped = skipped - 1
    elseif name == "index" then
      add(key, first, second)
    elseif name == "absent" then
      if redis.call("EXISTS", key) == 1 then return { "exists", redis.call("GET", key) } end
    elseif name == "version" then
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
      add(key, score, first)
    elseif name == "count" then
      local one = waiting(key)
      one.seconds = first
      for at = 4, #operation, 2 do
        local field, count = operation[at], operation[at + 1]
        one.counts[field] = (one.counts[field] or 0) + count
      end
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
end
for key in pairs(pending) do write(key) end
return answers
