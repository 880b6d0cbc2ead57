-- Units of work, each for itself: every operation of a unit or none. All of them are one command, and so one fsync.
-- ARGV[1] holds the units, as one MessagePack list of the parts of their operations: before those of each unit, and of
-- each operation, is how many they are. The parts of an operation are its name, its key and what it is given.
-- KEYS are for a cluster alone. The checks of a unit come first: when one fails nothing of it is written.
--   none KEY … ABSENT NEW     check: of these keys, none of which is likely to be there, the first ABSENT are not there
--                             -> {"exists", its value}, and the NEW after them are records at version 0 -> {"conflict"}
--   version N                 check: the record is at version N               -> {"conflict"}
--   field NAME VALUE          check: the hash's field has the value; "" for no field        -> {"conflict"}
--   length N                  check: the list has so many entries             -> {"conflict"}
--   when FIELD VALUE COUNT    skip the next COUNT parts unless the hash's field has the value; "" for no field
--   unless COUNT              skip the next COUNT parts if the key exists
--   unlikely COUNT            as "unless"; the key is one of those asked for by "none", and was not written since
--   take MEMBER               remove a member of the sorted set, keeping its score for
--   give MEMBER               put it into another sorted set with that score
--   index SCORE MEMBER, KEY SCORE MEMBER …  put each into a sorted set that many units write into
--   count SECONDS FIELD N …   add to counters of the hash, which is kept for so long from now
--   put FIELD VALUE           set a field of a hash that many units write into
--   read                      answer with the whole list at the key           -> {"done", list, …}
--   seldom                    as "read"; the key is one of those asked for by "none", and was not written since
--   COMMAND PARTS             a Redis command on the key
-- A unit that Redis refuses is answered {"failed", why}; the others are not touched by it.
-- A unit may require the version that one before it writes. When that one is not carried out, a record of that version
-- may be there all the same, written by somebody else: `version` conflicts for whatever it would have written or
-- required.
-- What units index, give, count and put is gathered by key, and written before anything but `field` is done with the key,
-- or at last. So are values that are SET without options: all of them become one MSET.
-- The list is flat, and names are looked up in tables: making a table for each operation took a fifth of all the time.
local parts, answers = cmsgpack.unpack(ARGV[1]), {}
local begins, ends = {}, {} -- of each unit: where its parts begin and end
local call, in_vain, pending = redis.call, {}, {} -- in_vain: the keys of units that were not carried out
local records, RECORD = {}, {} -- keys and their values, to be set; what is pending for each of these keys
local fresh = false -- whether none of the keys asked for by "none" was there
local score = 0 -- of the member that was taken last
local EXACT = 2 ^ 53 -- up to which every whole number is one of Lua's
local GATHERED = { index = true, give = true, count = true, put = true, field = true }
local operations = {}

local function failed(why)
  return { "failed", type(why) == "table" and why.err or tostring(why) }
end

local STEPS = { index = 3, none = 1 } -- from key to key, of operations that have several

local function each_operation(number, act)
  local at = begins[number]
  while at < ends[number] do
    local last, step = at + parts[at], STEPS[parts[at + 1]] or parts[at]
    for key = at + 2, last, step do act(parts[at + 1], parts[key]) end
    at = last + 1
  end
end

local function gathered(key)
  local one = pending[key]
  if not one then
    one = { entries = {}, counts = {}, puts = {} }
    pending[key] = one
  end
  return one
end

local function write_records()
  local all = records
  records = {}
  for at = 1, #all, 2 do pending[all[at]] = nil end
  for at = 1, #all, 1000 do call("MSET", unpack(all, at, math.min(at + 999, #all))) end
end

local function write(key)
  local one = pending[key]
  if one == RECORD then return write_records() end
  pending[key] = nil
  local entries = one.entries
  for at = 1, #entries, 1000 do call("ZADD", key, unpack(entries, at, math.min(at + 999, #entries))) end
  local puts = {}
  for field, value in pairs(one.puts) do puts[#puts + 1], puts[#puts + 2] = field, value end
  for at = 1, #puts, 1000 do call("HSET", key, unpack(puts, at, math.min(at + 999, #puts))) end
  for field, count in pairs(one.counts) do call("HINCRBY", key, field, count) end
  if one.seconds then call("EXPIRE", key, one.seconds) end
end

-- Have what was gathered for the key there; where Redis refuses it, no unit that had part in it is done.
local function settle(key)
  local is_record = pending[key] == RECORD
  local fine, why = pcall(write, key)
  if fine then return end
  for number in ipairs(begins) do
    each_operation(number, function(name, of)
      if is_record and name == "SET" or of == key and GATHERED[name] then answers[number] = failed(why) end
    end)
  end
end

-- Each is given the key, the first and the last of its parts, and the answer so far. It returns what
-- the unit is answered if it ends here, or else how many parts are to be skipped.

function operations.index(key, first, last)
  for at = first - 1, last, 3 do
    local of = parts[at]
    local entries = (pending[of] or gathered(of)).entries
    local size = #entries
    entries[size + 1], entries[size + 2] = parts[at + 1], parts[at + 2]
  end
end

function operations.give(key, first)
  local entries = gathered(key).entries
  local size = #entries
  entries[size + 1], entries[size + 2] = score, parts[first]
end

function operations.count(key, first, last)
  local one = gathered(key)
  for at = first + 1, last, 2 do
    local field, count = parts[at], parts[at + 1]
    local sum = (one.counts[field] or 0) + count
    if sum > EXACT or sum < -EXACT then
      settle(key)
      one, sum = gathered(key), count
    end
    one.counts[field], one.seconds = sum, parts[first]
  end
end

function operations.put(key, first)
  gathered(key).puts[parts[first]] = parts[first + 1]
end

function operations.SET(key, first, last)
  if last > first then return call("SET", key, unpack(parts, first, last)) and nil end
  local size = #records
  records[size + 1], records[size + 2] = key, parts[first]
  pending[key] = RECORD
end

local function not_at(key, version)
  local found = tonumber(string.match(call("GETRANGE", key, 0, 24), '^{"v":(%d+)') or 0)
  if in_vain[key] or found ~= version then return { "conflict" } end
end

function operations.none(key, first, last)
  local keys, absent, new = first - 1, parts[last - 1], parts[last]
  for at = keys, last - 2 do
    if pending[parts[at]] then settle(parts[at]) end
  end
  fresh = call("EXISTS", unpack(parts, keys, last - 2)) == 0
  if fresh and not next(in_vain) then return end
  for at = keys, keys + absent - 1 do
    if call("EXISTS", parts[at]) == 1 then return { "exists", call("GET", parts[at]) } end
  end
  for at = keys + absent, keys + absent + new - 1 do
    local ended = not_at(parts[at], 0)
    if ended then return ended end
  end
end

function operations.version(key, first)
  return not_at(key, parts[first])
end

function operations.field(key, first)
  local one = pending[key]
  if one and one.seconds then settle(key) end
  if (one and one.puts[parts[first]] or call("HGET", key, parts[first]) or "") ~= parts[first + 1] then return { "conflict" } end
end

function operations.length(key, first)
  if call("LLEN", key) ~= parts[first] then return { "conflict" } end
end

function operations.when(key, first)
  if (call("HGET", key, parts[first]) or "") ~= parts[first + 1] then return nil, parts[first + 2] end
end

function operations.unless(key, first)
  if call("EXISTS", key) == 1 then return nil, parts[first] end
end

function operations.unlikely(key, first)
  if not fresh then return operations.unless(key, first) end
end

function operations.take(key, first)
  score = call("ZSCORE", key, parts[first]) or score
  call("ZREM", key, parts[first])
end

function operations.read(key, first, last, answer)
  answer[#answer + 1] = call("LRANGE", key, 0, -1)
end

function operations.seldom(key, first, last, answer)
  if not fresh then operations.read(key, first, last, answer) end
end

local function carry_out(at, size)
  local answer = { "done" }
  score, fresh = 0, false
  while at < size do
    local last, name, key = at + parts[at], parts[at + 1], parts[at + 2]
    if pending[key] and not GATHERED[name] then settle(key) end
    local operation = operations[name]
    if operation then
      local ended, skipped = operation(key, at + 3, last, answer)
      if ended then return ended end
      at = last + 1 + (skipped or 0)
    else
      call(unpack(parts, at + 1, last))
      at = last + 1
    end
  end
  return answer
end

local next_unit = 1
while next_unit <= #parts do
  begins[#begins + 1], ends[#ends + 1] = next_unit + 1, next_unit + parts[next_unit]
  next_unit = ends[#ends] + 1
end
for number, begin in ipairs(begins) do
  local fine, answer = pcall(carry_out, begin, ends[number])
  answers[number] = answers[number] or fine and answer or failed(answer)
  if answers[number][1] ~= "done" then
    each_operation(number, function(_, key) in_vain[key] = true end)
  end
end
for key in pairs(pending) do settle(key) end
return answers
