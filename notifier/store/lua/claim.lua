-- Take messages to be sent by one line: those whose claim by a dead worker has lapsed, then those whose time has come.
-- KEYS: outbox, sending, messages:queued, messages:sending, messages:expired, messages:cancelled,
--       opted_out (customers who want no more than they must), messages:held
-- ARGV: now, when this claim lapses, how many, what keys of messages begin with, what keys of customers begin with,
--       "all" or "essential", the least time between two texts to a customer, the line, a token of this claim,
--       "common" or "bound", the most texts to a number in an hour, in a day, and in a day of essential ones, 0 for no
--       limit      (times are unix ms)
-- Answers {id, "lapsed" or "ready", message, attempts, first, expires, by_hand, called, bound, …}; a text that is over a
-- limit is nobody's claim and answered with the name of the limit in the place of how.
local outbox, sending, opted_out = KEYS[1], KEYS[2], KEYS[7]
local queued_list, sending_list, expired_list, cancelled_list = KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local held_list, most_hour, most_day, most_essential = KEYS[8], tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local now, lapse, count, prefix, customers = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local mode, gap, line, token, box = ARGV[6], tonumber(ARGV[7]), ARGV[8], ARGV[9], ARGV[10]
local LATE = 300000    -- a text that waited for so long gives way to a newer one of its order
local PATIENCE = 60000 -- for so long a text waits for one before it that another, closed line holds
local HOUR, DAY = 3600000, 86400000
local taken = {}

local function fields(id, ...)
  return redis.call("HMGET", prefix .. id, ...)
end

local function take(id, how)
  local key = prefix .. id
  if how == "ready" and box == "common" then
    redis.call("HDEL", key, "called", "bound")
    redis.call("HSET", key, "first", now)
  else
    redis.call("HSETNX", key, "first", now)
  end
  local record = fields(id, "message", "attempts", "first", "expires", "by_hand", "called", "bound")
  redis.call("HSET", key, "state", "sending", "owner", token)
  redis.call("HDEL", key, "called")
  redis.call("ZADD", sending, lapse, id)
  taken[#taken + 1], taken[#taken + 2] = id, how
  for place = 1, 7 do taken[#taken + 1] = record[place] or "" end
end

-- The limit that a text would go beyond; nil for none. One that was counted before, and comes again, is let through.
local function over(id, to, essential)
  local texts = customers .. to .. ":counted"
  redis.call("ZREMRANGEBYSCORE", texts, "-inf", now - DAY)
  if redis.call("ZSCORE", texts, id) then return nil end
  local of_day = redis.call("ZCARD", texts)
  if essential then return most_essential > 0 and of_day >= most_essential and "number_day_essential" or nil end
  if most_day > 0 and of_day >= most_day then return "number_day" end
  if most_hour > 0 and redis.call("ZCOUNT", texts, "(" .. now - HOUR, "+inf") >= most_hour then return "number_hour" end
end

local function count_text(id, to)
  local texts = customers .. to .. ":counted"
  redis.call("ZADD", texts, "NX", now, id)
  redis.call("PEXPIRE", texts, DAY)
end

local function leave(id, to, state, list, reason)
  redis.call("ZREM", outbox, id)
  if not state then return end
  redis.call("ZREM", customers .. to .. ":texts", id)
  redis.call("ZADD", list, redis.call("ZSCORE", queued_list, id) or now, id)
  redis.call("ZREM", queued_list, id)
  redis.call("HSET", prefix .. id, "state", state, "reason", reason)
end

local function wait_for_gap(to)
  local free = (tonumber(redis.call("GET", customers .. to .. ":last")) or 0) + gap
  return free > now and free or nil
end

-- Until when a message must wait for an earlier one to the same customer; nil when none is in its way. One that is not
-- due yet for a reason of its own (a later time, quiet hours) is in nobody's way; one that is to be tried again is.
local function wait_for_turn(id, to, essential)
  local texts = customers .. to .. ":texts"
  for _, other in ipairs(redis.call("ZRANGE", texts, 0, 19)) do
    if other == id then return nil end
    local record = fields(other, "state", "due", "retrying", "bound", "essential", "expires")
    local state, due = record[1], tonumber(record[2]) or now
    if state == "sending" then
      return now + 100
    elseif state ~= "queued" then
      redis.call("ZREM", texts, other)
    elseif (mode == "essential" and not record[5]) or (tonumber(record[6]) or math.huge) <= now then
      -- it does not leave now
    elseif record[4] and record[4] ~= line then
      if now < due + PATIENCE then return due > now and due + 1 or now + 1000 end
    elseif due <= now then
      -- What only waits for the gap between texts does not hold up one that need not.
      if not (essential and not record[5] and wait_for_gap(to)) then return now + 100 end
    elseif record[3] then
      return due + 1
    end
  end
end

-- Whether a newer text of its order, itself ready or gone, says all that is left to say.
local function overtaken(id, to, order, due)
  if not order or due + LATE > now then return false end
  local newest = redis.call("HGET", customers .. to .. ":told", order)
  if not newest or newest == id then return false end
  local record = fields(newest, "state", "due")
  if record[1] == "queued" then return (tonumber(record[2]) or 0) <= now end
  return record[1] == "sending" or record[1] == "accepted" or record[1] == "delivered"
end

for _, id in ipairs(redis.call("ZRANGEBYSCORE", sending, "-inf", now, "LIMIT", 0, count)) do
  if fields(id, "state")[1] == "sending" then take(id, "lapsed") else redis.call("ZREM", sending, id) end
end

local room = count - #taken / 9
if room > 0 then
  for _, id in ipairs(redis.call("ZRANGEBYSCORE", outbox, "-inf", now, "LIMIT", 0, room)) do
    local record = fields(id, "state", "to", "expires", "essential", "staff", "overtakable", "due", "by_hand")
    local to, essential, staff = record[2], record[4], record[5]
    if record[1] ~= "queued" then
      leave(id)
    elseif box == "common" and not essential and (tonumber(record[3]) or math.huge) <= now then
      leave(id, to, "expired", expired_list, "too_late")
    elseif box == "common" and not essential and not staff and redis.call("SISMEMBER", opted_out, to) == 1 then
      leave(id, to, "cancelled", cancelled_list, "opted_out")
    elseif box == "common" and overtaken(id, to, record[6], tonumber(record[7]) or now) then
      leave(id, to, "expired", expired_list, "overtaken")
    elseif mode == "essential" and not essential then
      redis.call("ZADD", outbox, now + 30000, id)
    else
      local wait = wait_for_turn(id, to, essential) or (not essential and not staff and wait_for_gap(to))
      if wait then
        redis.call("ZADD", outbox, wait, id)
      else
        local bounded = box == "common" and not staff and not record[8]
        local limit = bounded and over(id, to, essential)
        if limit then
          leave(id, to, "held", held_list, limit)
          taken[#taken + 1], taken[#taken + 2], taken[#taken + 3] = id, limit, fields(id, "message")[1]
          for place = 1, 6 do taken[#taken + 1] = "" end
        else
          redis.call("ZREM", outbox, id)
          redis.call("ZADD", sending_list, redis.call("ZSCORE", queued_list, id) or now, id)
          redis.call("ZREM", queued_list, id)
          if not staff then count_text(id, to) end
          take(id, "ready")
        end
      end
    end
  end
end
return taken
