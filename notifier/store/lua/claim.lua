-- Take messages to be sent by one line: those whose claim by a dead worker has lapsed, then those whose time has come.
-- KEYS: outbox, sending, opted_out (customers who want no more than they must); then what a key is called, with %s for
--       whom or what it is about: message, texts, last_text, counted (which day), told, messages, absent (for whom the
--       line has nobody); then the heartbeat of this claim.
--       Which of these there are to look at is only found in the outbox, so they cannot be named one by one; all lie in
--       the slot of the outbox.
-- ARGV: the terms, as MessagePack (all times are ms, moments unix ms):
--   now, lapse (when this claim lapses), count (how many), line, token (of this claim)
--   common          whether from the outbox of all lines, not from that of this one alone
--   essential_only  whether the line has credit for essential texts alone
--   remembers       whether it is remembered for whom the line has nobody
--   gap             the least time between two texts to a customer, essential ones apart
--   number_hour, number_day, number_day_essential   the most texts to a number in an hour, in a day, and in a day of
--                   essential ones; 0 for no limit
--   late            a text that waited for so long gives way to a newer one of its order
--   patience        for so long a text waits for one before it that another, closed line holds
--   look_again, look_again_bound, look_again_essential   for how long a text is put off that waits for one before it, for
--                   one that another line holds, and for a line with credit
--   ahead           how many of a customer's earlier texts are looked at
--   hour, day
--   alive           how long the heartbeat of this claim lasts, nil for a claim that has none
-- Answers two lists: of claims {id, "lapsed" or "ready", message, attempts, first, expires, by_hand, called, bound, descents,
-- whether the line is known to have nobody there, its score in the list of messages of its state}, and of texts that are
-- over a limit, which are held {id, the limit, message}.
local outbox, sending, opted_out = KEYS[1], KEYS[2], KEYS[3]
local message_key, texts_key, last_key, counted_key, told_key, list_key, absent_key = unpack(KEYS, 4)
local ask = cmsgpack.unpack(ARGV[1])
local now = ask.now
local taken, held = {}, {}
local leaving, rows = {}, {}  -- ids that leave the outbox for us, and what is answered of them

local function fields(id, ...)
  return redis.call("HMGET", message_key:format(id), ...)
end

local function record_of(id)
  local parts, record = redis.call("HGETALL", message_key:format(id)), {}
  for at = 1, #parts, 2 do record[parts[at]] = parts[at + 1] end
  return record
end

-- From the list of one state to that of another, where it keeps the time it was created at.
local function list_as(id, state)
  local queued = list_key:format("queued")
  redis.call("ZADD", list_key:format(state), redis.call("ZSCORE", queued, id) or now, id)
  redis.call("ZREM", queued, id)
end

local function answer(id, how, record, absent)
  local row = {
    id, how, record.message or "", record.attempts or "", record.first or "", record.expires or "", record.by_hand or "",
    record.called or "", record.bound or "", record.descents or "", absent and 1 or 0,
  }
  taken[#taken + 1] = row
  return row
end

-- What a dead worker may have sent stays marked until it is settled: whoever takes it over may die in turn.
local function take_over(id)
  local key = message_key:format(id)
  redis.call("HSETNX", key, "first", now)
  redis.call("HSET", key, "state", "sending", "owner", ask.token)
  redis.call("ZADD", sending, ask.lapse, id)
  answer(id, "lapsed", record_of(id))[12] = redis.call("ZSCORE", list_key:format("sending"), id) or now
end

local function take(id, to, record)
  local key = message_key:format(id)
  leaving[#leaving + 1] = id
  if record.called then redis.call("HDEL", key, "called") end
  if ask.common then
    if record.bound then redis.call("HDEL", key, "bound") end
    record.first, record.called, record.bound = now, nil, nil
  end
  record.first = record.first or now
  redis.call("HSET", key, "first", record.first, "state", "sending", "owner", ask.token)
  local absent = ask.remembers and ask.common and redis.call("SISMEMBER", absent_key:format(to), ask.line) == 1
  rows[#leaving] = answer(id, "ready", record, absent)
end

-- Out of the outbox and into the lists of what is being sent, all of them at once.
local function move_all()
  if #leaving == 0 then return end
  local queued, listed, lapsing = list_key:format("queued"), {}, {}
  local scores = redis.call("ZMSCORE", queued, unpack(leaving))
  for place, id in ipairs(leaving) do
    local score = scores[place] or now
    if rows[place] then rows[place][12] = score end  -- none where it could not be taken to the end
    listed[2 * place - 1], listed[2 * place] = score, id
    lapsing[2 * place - 1], lapsing[2 * place] = ask.lapse, id
  end
  redis.call("ZADD", sending, unpack(lapsing))
  redis.call("ZREM", outbox, unpack(leaving))
  redis.call("ZADD", list_key:format("sending"), unpack(listed))
  redis.call("ZREM", queued, unpack(leaving))
end

-- Texts that numbers were sent, day by day: of each number "ms id;" for each text. They are read and written for all
-- numbers of a claim at once.
local today, yesterday = {}, {}
local counted = {}  -- numbers with a text more than were read
local most = math.max(50, ask.number_hour, ask.number_day, ask.number_day_essential)  -- more of a day are not told apart

local function counted_on(day)
  return counted_key:format(("%d"):format(day))
end

local function read_counted(phones)
  if #phones == 0 then return end
  local day = math.floor(now / ask.day)
  local of_today = redis.call("HMGET", counted_on(day), unpack(phones))
  local of_yesterday = redis.call("HMGET", counted_on(day - 1), unpack(phones))
  for place, phone in ipairs(phones) do
    today[phone], yesterday[phone] = of_today[place] or "", of_yesterday[place] or ""
  end
end

-- The limit that a text would go beyond; nil for none. One that was counted before, and comes again, is let through.
local function over(id, to, essential)
  local texts = yesterday[to] .. today[to]
  if texts == "" then return nil end
  local of_hour, of_day = 0, 0
  for at, other in texts:gmatch("(%d+) ([^;]*);") do
    at = tonumber(at)
    if at > now - ask.day then
      if other == id then return nil end
      of_day = of_day + 1
      if at > now - ask.hour then of_hour = of_hour + 1 end
    end
  end
  local function full(limit, count) return ask[limit] > 0 and count >= ask[limit] and limit or nil end
  if essential then return full("number_day_essential", of_day) end
  return full("number_day", of_day) or full("number_hour", of_hour)
end

local function count_text(id, to)
  local texts, entry = today[to], " " .. id .. ";"
  if (yesterday[to] .. texts):find(entry, 1, true) then return end
  if #texts > most * 64 then texts = texts:sub(texts:find(";", 1, true) + 1) end
  today[to] = texts .. ("%d"):format(now) .. entry
  counted[to] = true
end

local function write_counted()
  local key, fields = counted_on(math.floor(now / ask.day)), {}
  for phone in pairs(counted) do fields[#fields + 1], fields[#fields + 2] = phone, today[phone] end
  if #fields == 0 then return end
  redis.call("HSET", key, unpack(fields))
  redis.call("PEXPIRE", key, 2 * ask.day)
end

local function leave(id, to, state, reason)
  redis.call("ZREM", outbox, id)
  redis.call("ZREM", texts_key:format(to), id)
  list_as(id, state)
  redis.call("HSET", message_key:format(id), "state", state, "reason", reason)
end

local function wait_for_gap(to)
  if ask.gap == 0 then return nil end
  local free = (tonumber(redis.call("GET", last_key:format(to))) or 0) + ask.gap
  return free > now and free or nil
end

-- Until when a message must wait for an earlier one to the same customer; nil when none is in its way. One that is not
-- due yet for a reason of its own (a later time, quiet hours) is in nobody's way; one that is to be tried again is. Nor is
-- one that leaves by the lines of another source: these may be away for as long as they like.
local function wait_for_turn(id, to, essential, route)
  local texts = texts_key:format(to)
  for _, other in ipairs(redis.call("ZRANGE", texts, 0, ask.ahead - 1)) do
    if other == id then return nil end
    local record = fields(other, "state", "due", "retrying", "bound", "essential", "expires", "route")
    local state, due = record[1], tonumber(record[2]) or now
    if state == "sending" then
      return now + ask.look_again
    elseif state ~= "queued" then
      redis.call("ZREM", texts, other)
    elseif record[7] ~= route then
      -- it leaves by other lines
    elseif (ask.essential_only and not record[5]) or (tonumber(record[6]) or math.huge) <= now then
      -- it does not leave now
    elseif record[4] and record[4] ~= ask.line then
      if now < due + ask.patience then return due > now and due + 1 or now + ask.look_again_bound end
    elseif due <= now then
      -- What only waits for the gap between texts does not hold up one that need not.
      if not (essential and not record[5] and wait_for_gap(to)) then return now + ask.look_again end
    elseif record[3] then
      return due + 1
    end
  end
end

-- Whether a newer text of its order, itself ready or gone, says all that is left to say.
local function overtaken(id, to, order, due)
  if not order or due + ask.late > now then return false end
  local newest = redis.call("HGET", told_key:format(to), order)
  if not newest or newest == id then return false end
  local record = fields(newest, "state", "due")
  if record[1] == "queued" then return (tonumber(record[2]) or 0) <= now end
  return record[1] == "sending" or record[1] == "accepted" or record[1] == "delivered"
end

for _, id in ipairs(redis.call("ZRANGEBYSCORE", sending, "-inf", now, "LIMIT", 0, ask.count)) do
  if fields(id, "state")[1] == "sending" then take_over(id) else redis.call("ZREM", sending, id) end
end

-- What is ready in the outbox, as far as it can be read: ids and records; and why not further.
local function read(room)
  local ids, records, phones = redis.call("ZRANGEBYSCORE", outbox, "-inf", now, "LIMIT", 0, room), {}, {}
  local fine, why = pcall(function()
    for place, id in ipairs(ids) do
      records[place] = record_of(id)
      phones[place] = records[place].to or ""
    end
  end)
  return ids, records, phones, not fine and why
end

local function look(room)
  local ids, records, phones, unreadable = read(room)
  local out = ask.common and #phones > 0 and redis.call("SMISMEMBER", opted_out, unpack(phones)) or {}
  read_counted(phones)
  for place, record in ipairs(records) do
    local id = ids[place]
    local to, by_hand, essential, staff = record.to, record.by_hand, record.essential, record.staff
    if record.state ~= "queued" then
      redis.call("ZREM", outbox, id)
    elseif ask.common and not essential and (tonumber(record.expires) or math.huge) <= now then
      leave(id, to, "expired", "too_late")
    elseif ask.common and not essential and not staff and out[place] == 1 then
      leave(id, to, "cancelled", "opted_out")
    elseif ask.common and record.pointless and not by_hand then
      leave(id, to, "cancelled", "pointless")
      redis.call("HSET", message_key:format(id), "withdrawn", 1)  -- so that other news may bring it back
    elseif ask.common and overtaken(id, to, record.overtakable, tonumber(record.due) or now) then
      leave(id, to, "expired", "overtaken")
    elseif ask.essential_only and not essential then
      redis.call("ZADD", outbox, now + ask.look_again_essential, id)
    else
      local wait = wait_for_turn(id, to, essential, record.route or false)
        or (not essential and not staff and wait_for_gap(to))
      if wait then
        redis.call("ZADD", outbox, wait, id)
      else
        local bounded = ask.common and not staff and not by_hand
        local limit = bounded and over(id, to, essential)
        if limit then
          leave(id, to, "held", limit)
          held[#held + 1] = { id, limit, record.message or false }
        else
          if not staff then count_text(id, to) end
          take(id, to, record)
        end
      end
    end
  end
  if unreadable then error(unreadable) end
end

local room = ask.count - #taken
if room > 0 then
  local fine, why = pcall(look, room)
  move_all()  -- also where one that lies behind cannot be taken: what is marked as ours must be found when we die
  write_counted()
  if not fine then error(why) end
end
if ask.alive and #taken > 0 then redis.call("SET", KEYS[11], 1, "PX", ask.alive) end
return { taken, held }
