-- Settle texts that their line took, of which nothing else is to be noted: each only if it is still in the hands of this
-- claim. It is what their units of work would do, with what is the same for all of them said and done once.
-- KEYS: sending, the lists of messages that are being sent and that were accepted, reports, counters of the day, the
--       provider's ids of the day; then of each text: its record, the texts of its customer.
-- ARGV: as MessagePack: token (of the claim), ask_at (unix ms: when the provider is asked whether they arrived),
--       remembered (seconds for which its ids are), kept (seconds for counters), counts (lists of field, number …),
--       texts (of each its id, its score in the lists, which counts are its own, and field, value … of its record, of
--       which the first is its id at the provider)
local sending, source, target, reports, day, at_provider = unpack(KEYS, 1, 6)
local ask = cmsgpack.unpack(ARGV[1])
local ours, ids, listed, asked, named, times = {}, {}, {}, {}, {}, {}

local function settle(text, record, texts)
  local id, found = text[1], redis.call("HMGET", record, "owner", "state")
  if found[1] ~= ask.token then return end
  if found[2] == "sending" then
    redis.call("ZREM", texts, id)
    redis.call("HSET", record, unpack(text, 4))
    local place = #ids + 1
    ids[place] = id
    listed[2 * place - 1], listed[2 * place] = text[2], id
    asked[2 * place - 1], asked[2 * place] = ask.ask_at, id
    named[2 * place - 1], named[2 * place] = text[5], id
    times[text[3]] = (times[text[3]] or 0) + 1
  end
  ours[#ours + 1] = id
end

local function count_all()
  local sums = {}
  for which, often in pairs(times) do
    local counts = ask.counts[which]
    for at = 1, #counts, 2 do sums[counts[at]] = (sums[counts[at]] or 0) + often * counts[at + 1] end
  end
  for field, sum in pairs(sums) do redis.call("HINCRBY", day, field, sum) end
  if next(sums) then redis.call("EXPIRE", day, ask.kept) end
end

local refused  -- what cannot be settled is still being sent, and is taken up again
for place, text in ipairs(ask.texts) do
  local fine, why = pcall(settle, text, unpack(KEYS, 2 * place + 5, 2 * place + 6))
  if not fine then refused = why end
end
if #ours > 0 then redis.call("ZREM", sending, unpack(ours)) end
if #ids > 0 then
  redis.call("ZREM", source, unpack(ids))
  redis.call("ZADD", target, unpack(listed))
  redis.call("ZADD", reports, unpack(asked))
  redis.call("HSET", at_provider, unpack(named))
  redis.call("EXPIRE", at_provider, ask.remembered)
  count_all()
end
if refused then error(refused) end
