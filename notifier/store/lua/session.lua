-- A session that is used: what it holds, or nothing where there is none. It lives on for a while because it was used,
-- and never longer than its first use allowed. KEYS: session. ARGV: seconds after a use, seconds in all.
if redis.call('HEXISTS', KEYS[1], 'staff') == 0 then return {} end
local now = tonumber(redis.call('TIME')[1])
redis.call('HSETNX', KEYS[1], 'until', now + ARGV[2])
local left = tonumber(redis.call('HGET', KEYS[1], 'until')) - now
redis.call('EXPIRE', KEYS[1], math.min(tonumber(ARGV[1]), left))
return redis.call('HGETALL', KEYS[1])
