-- Counts of the last hour, by minutes: a ring of fields "what:slot" that say "minute count", so that
-- a key never grows, whatever becomes of those who write.

local MINUTES = 60
local FORGET = 7200 -- seconds until a key goes that nobody writes to

local function count_recent(key, time, what, number)
  local minute = math.floor(time / 60)
  local field = what .. ':' .. minute % MINUTES
  local at, before = string.match(redis.call('HGET', key, field) or '', '^(%d+) (%d+)$')
  if tonumber(at) ~= minute then before = 0 end
  redis.call('HSET', key, field, string.format('%d %d', minute, before + number))
  redis.call('EXPIRE', key, FORGET)
end

-- script count KEYS key ARGV what number ...
local time = redis.call('TIME')[1]
for i = 1, #ARGV, 2 do count_recent(KEYS[1], time, ARGV[i], ARGV[i + 1]) end
return 0

-- script hour KEYS key ... -> minute now, and for each key what it holds
local found = {math.floor(redis.call('TIME')[1] / 60)}
for i, key in ipairs(KEYS) do found[i + 1] = redis.call('HGETALL', key) end
return found
