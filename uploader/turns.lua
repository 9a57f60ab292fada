-- Whose turn it is to send to a destination: slots, holds, the probe at a hold's end.
-- The preludes of recent.lua and index.lua come first.

local uploaders = KEYS[#KEYS]

-- Ticks that may run at once. With several destinations one worker is always left for the others.
local function allowed(time, parallelism, several, own_workers)
  local most = math.min(parallelism, tonumber(redis.call('HGET', limit, 'most')) or parallelism)
  if several ~= '1' then return most end
  local workers = 0
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', uploaders, time, '+inf')) do
    workers = workers + tonumber(string.match(each, '%d+$') or 0)
  end
  return math.min(most, math.max(1, math.max(workers, own_workers) - 1))
end

local function wake_for(ms)
  redis.call('SET', wake, '1', 'PX', ms)
end

-- script begin ARGV tick lease parallelism several own_workers -> state
-- The wake flag goes before the first claim: whatever is added later wakes again. Where there is no
-- slot it stays: those who hold the slots look once more when they end.
local time = now()
if redis.call('EXISTS', hold) == 1 then
  redis.call('DEL', wake)
  return 'held'
end
redis.call('ZREMRANGEBYSCORE', slots, '-inf', time)
if redis.call('ZCARD', slots) >= allowed(time, tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])) then
  return 'full'
end
local probing = redis.call('EXISTS', faults) == 1
if probing and not redis.call('SET', probe, ARGV[1], 'NX', 'PX', ARGV[2] * 1000) then
  return 'probed'
end
redis.call('ZADD', slots, time + ARGV[2], ARGV[1])
redis.call('DEL', wake)
return probing and 'probing' or 'open'

-- script spawn ARGV wake_ms parallelism several own_workers -> 1 if one more tick is worth while
local time = now()
if running(time) >= allowed(time, tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])) then return 0 end
return redis.call('SET', wake, '1', 'NX', 'PX', ARGV[1]) and 1 or 0

-- script finish ARGV tick wake_ms -> tick wanted (0, 1, 2: an urgent one)
redis.call('ZREM', slots, ARGV[1])
if redis.call('ZCARD', slots) == 0 then redis.call('HDEL', figures, 'asked') end
if redis.call('GET', probe) == ARGV[1] then redis.call('DEL', probe) end
local all, pressing = due(now())
if all == 0 or redis.call('EXISTS', hold) == 1 then
  redis.call('DEL', wake)
  return 0
end
wake_for(ARGV[2])
return pressing > 0 and 2 or 1

-- script fault ARGV tick base cap random retry_after busy parallelism reason silent kind -> new, ms, faults
-- Ticks that were under way when the hold began do not lengthen it: it is one fault. A server that is
-- silent about one instance may store the next: what went before does not count, only how many
-- instances it has been silent about.
if redis.call('GET', probe) == ARGV[1] then redis.call('DEL', probe) end
redis.call('DEL', wake)
redis.call('HDEL', figures, 'asked')
local asked = math.floor(tonumber(ARGV[5]) * 1000)
local left = redis.call('PTTL', hold)
if left > 0 then
  if asked > left then
    redis.call('PEXPIRE', hold, asked)
    redis.call('HSET', figures, 'held', asked)
  end
  return {0, math.max(left, asked), tonumber(redis.call('GET', faults)) or 0}
end
local count = redis.call('INCR', faults)
local ms = asked
if asked <= 0 then -- full jitter
  local suspected = ARGV[9] == '1' and redis.call('HLEN', suspects) or 0
  local times = suspected > 0 and math.min(count, suspected) or count
  local longest = math.min(tonumber(ARGV[3]), tonumber(ARGV[2]) * 2 ^ math.min(times - 1, 30))
  ms = math.max(1, math.floor(longest * tonumber(ARGV[4]) * 1000))
end
redis.call('SET', hold, ARGV[8], 'PX', ms)
redis.call('HSET', figures, 'fault', ARGV[10], 'reason', ARGV[8], 'held', ms)
redis.call('HINCRBY', totals, 'holds', 1)
if ARGV[6] == '1' then
  local time = now()
  local most = tonumber(redis.call('HGET', limit, 'most')) or tonumber(ARGV[7])
  most = math.max(1, math.floor(math.min(most, math.max(1, running(time))) / 2))
  redis.call('HSET', limit, 'most', most, 'since', time)
end
return {1, ms, count}

-- script success ARGV tick parallelism growth stored duplicates figure amount... -> 1 if it had
-- failed before
local time = now()
redis.call('HDEL', figures, 'asked')
for i = 6, #ARGV, 2 do redis.call('HINCRBY', figures, ARGV[i], ARGV[i + 1]) end
redis.call('HINCRBY', totals, 'requests', 1)
if ARGV[4] ~= '0' or ARGV[5] ~= '0' then redis.call('DEL', refused) end
for i, what in ipairs({'stored', 'duplicates'}) do
  local number = ARGV[3 + i]
  if number ~= '0' then
    redis.call('HINCRBY', totals, what, number)
    count_recent(recent, time, what, number)
  end
end
if redis.call('GET', probe) == ARGV[1] then redis.call('DEL', probe) end
local most = tonumber(redis.call('HGET', limit, 'most'))
local since = time - (tonumber(redis.call('HGET', limit, 'since')) or 0)
if most and math.abs(since) >= tonumber(ARGV[3]) then -- below 0: the clock was set back
  if most + 1 >= tonumber(ARGV[2]) then
    redis.call('DEL', limit)
  else
    redis.call('HSET', limit, 'most', most + 1, 'since', time)
  end
end
return redis.call('DEL', faults)

-- script present ARGV id workers ttl
-- An uploader tells how many workers it has.
local time = now()
redis.call('ZREMRANGEBYSCORE', uploaders, '-inf', time)
redis.call('ZREMRANGEBYSCORE', uploaders, string.format('(%.6f', time + ARGV[3]), '+inf')
redis.call('ZADD', uploaders, time + ARGV[3], ARGV[1] .. ' ' .. ARGV[2])
return 0

-- script lead KEYS leader ARGV id ttl_ms -> 0 another leads, 1 still, 2 from now on
-- One whose lease ends later than any, or never, was left by a clock that was set back, or by others.
local leader, left = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])
if leader and leader ~= ARGV[1] and left >= 0 and left <= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return leader == ARGV[1] and 1 or 2
