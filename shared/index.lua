-- The index of the spool: which instances wait, which are leased to a tick.
--
-- A member is the path of a kept instance, relative to the spool; priority, size and the time of
-- reception are in it. Time is the server's, so that no clock but one matters. Every script may run
-- twice: the client repeats what it got no answer to.

local urgent, routine, leased, marks, wake, slots, hold, faults, probe, limit, doubt, suspects,
  refused, totals, figures, recent, stuck = unpack(KEYS)

local ALONE = 2 -- marks are bits: 1 doubtful (may be stored already), 2 to be sent alone; then
local ATTEMPT = 4 -- the number of attempts times 4

local function now()
  local time = redis.call('TIME')
  return time[1] + time[2] / 1000000
end

local function waiting(member)
  return string.find(member, '/urgent/', 1, true) and urgent or routine
end

-- First come, first served; a receiver's clock that is fast must not make an instance wait.
local function place(member, time)
  local ns = string.match(member, '/(%x+)~%d+[^/]*%.dcm$') or '0'
  local received = tonumber(string.sub(ns, 1, 8), 16) * 4294967296
    + tonumber('0' .. string.sub(ns, 9, 16), 16)
  return math.min(received / 1e9, time)
end

local function mark(member, bits, attempts)
  if bits + attempts > 0 then
    local before = tonumber(redis.call('HGET', marks, member)) or 0
    redis.call('HSET', marks, member, bit.bor(before, bits) + ATTEMPT * attempts)
  end
end

-- Unfinished ticks hold a slot each; those of dead workers end with their lease.
local function running(time)
  return redis.call('ZCOUNT', slots, time, '+inf')
end

-- Of what Redis may use a share stays free, for claims, marks and jobs: an index that filled all of
-- it could not be emptied. Where there is no limit, or our user may not ask, there is room.
local FEW = 10000 -- instances of a priority that are always taken, some 1.3 MB
local FULL, FULL_FOR_URGENT, ROOMY = 0.75, 0.85, 0.5
local function room(share)
  local memory = redis.pcall('INFO', 'memory')
  if type(memory) ~= 'string' then return true end
  local most = tonumber(string.match(memory, '\nmaxmemory:(%d+)')) or 0
  local used = tonumber(string.match(memory, '\nused_memory:(%d+)')) or 0
  return most == 0 or used < most * share
end

local function due(time)
  local pressing = redis.call('ZCOUNT', urgent, '-inf', time)
  return pressing + redis.call('ZCOUNT', routine, '-inf', time), pressing
end

-- script add ARGV wake_ms full member... -> added, tick wanted (0, 1, 2: an urgent one)
-- While a tick runs it will find what is added; another is wanted only for a full batch, so that
-- batches grow under load. What is urgent never waits for that. What there is no room for stays in
-- the spool alone, until `room` has it scanned.
local time, fresh = now(), {[urgent] = {}, [routine] = {}}
for i, lease in ipairs(redis.call('ZMSCORE', leased, unpack(ARGV, 3))) do
  if not lease then
    local member = ARGV[i + 2]
    local those = fresh[waiting(member)]
    those[#those + 1] = place(member, time)
    those[#those + 1] = member
  end
end
local function add(key, full)
  if #fresh[key] == 0 then return 0 end
  if redis.call('ZCARD', key) >= FEW and not room(full) then
    redis.call('HSET', figures, 'left_out', 1)
    return 0
  end
  return redis.call('ZADD', key, 'NX', unpack(fresh[key]))
end
local pressing = add(urgent, FULL_FOR_URGENT)
local added = pressing + add(routine, FULL)
if added == 0 or ARGV[1] == '0' or redis.call('EXISTS', hold) == 1 then return {added, 0} end
local wanted = pressing > 0 or running(time) == 0
  or redis.call('ZCARD', routine) >= tonumber(ARGV[2])
if wanted and redis.call('SET', wake, '1', 'NX', 'PX', ARGV[1]) then
  return {added, pressing > 0 and 2 or 1}
end
return {added, 0}

-- script claim ARGV lease max_instances max_bytes probing -> members, marks, full, doubt, stuck
-- The first is taken however large it is. A probe takes one: of the first ones the least suspect, so
-- that one instance that an origin server cannot bear does not hide that it bears the others.
if redis.call('EXISTS', hold) == 1 then return {{}, {}, 0, '0', {}} end
local time = now()
local most, room = tonumber(ARGV[2]), tonumber(ARGV[3])
local look = ARGV[4] == '1' and 64 or most
local found = redis.call('ZRANGEBYSCORE', urgent, '-inf', time, 'LIMIT', 0, look)
if #found == 0 then
  found = redis.call('ZRANGEBYSCORE', routine, '-inf', time, 'LIMIT', 0, look)
end
if #found == 0 then return {{}, {}, 0, '0', {}} end
if ARGV[4] == '1' and redis.call('EXISTS', suspects) == 1 then
  local best, least = found[1], math.huge
  for i, count in ipairs(redis.call('HMGET', suspects, unpack(found))) do
    local suspicion = count and tonumber(string.match(count, '^%d+')) or 0
    if suspicion < least then best, least = found[i], suspicion end
  end
  found = {best}
end
local taken, leases, bytes, full = {}, {}, 0, 0
for _, member in ipairs(found) do
  bytes = bytes + tonumber(string.match(member, '/%x+~(%d+)[^/]*%.dcm$') or '0')
  if #taken > 0 and bytes > room then full = 1 break end
  taken[#taken + 1] = member
  leases[#leases + 1] = time + ARGV[1]
  leases[#leases + 1] = member
  if #taken == most then full = 1 break end
end
redis.call('ZREM', waiting(taken[1]), unpack(taken)) -- before all else: where Redis is full,
redis.call('HSETNX', figures, 'asked', string.format('%.3f', time)) -- the first write must free
redis.call('ZADD', leased, unpack(leases))
local marked = {}
if redis.call('EXISTS', marks) == 1 then marked = redis.call('HMGET', marks, unpack(taken)) end
local delivered = {}
if redis.call('EXISTS', stuck) == 1 then delivered = redis.call('SMISMEMBER', stuck, unpack(taken)) end
return {taken, marked, full, tostring(tonumber(redis.call('GET', doubt)) or 0), delivered}

-- script ack ARGV member...
redis.call('ZREM', leased, unpack(ARGV))
redis.call('ZREM', routine, unpack(ARGV)) -- where the lease had ended
redis.call('ZREM', urgent, unpack(ARGV))
redis.call('HDEL', marks, unpack(ARGV))
redis.call('HDEL', suspects, unpack(ARGV))
redis.call('SREM', refused, unpack(ARGV))
redis.call('SREM', stuck, unpack(ARGV))
return 0

-- script nack ARGV delay bits attempts member...
-- Back to where it was, or behind what is due within `delay` seconds.
local time, delay = now(), tonumber(ARGV[1])
redis.call('HDEL', figures, 'asked')
redis.call('HINCRBY', totals, 'retried', #ARGV - 3)
for i = 4, #ARGV do
  local member = ARGV[i]
  redis.call('ZREM', leased, member)
  local score = delay > 0 and time + delay or place(member, time)
  redis.call('ZADD', waiting(member), 'NX', score, member)
  mark(member, tonumber(ARGV[2]), tonumber(ARGV[3]))
end
return 0

-- script room -> 0: nothing was left out; 1: something was, and would be again; 2: there is room now
if redis.call('HEXISTS', figures, 'left_out') == 0 then return 0 end
local many = redis.call('ZCARD', urgent) + redis.call('ZCARD', routine) >= FEW / 2
if many and not room(ROOMY) then return 1 end
redis.call('HDEL', figures, 'left_out')
return 2

-- script renew ARGV lease tick member...
local ends = now() + ARGV[1]
redis.call('ZADD', slots, 'XX', 'GT', ends, ARGV[2])
if redis.call('GET', probe) == ARGV[2] then redis.call('PEXPIRE', probe, ARGV[1] * 1000) end
for i = 3, #ARGV do redis.call('ZADD', leased, 'XX', 'GT', ends, ARGV[i]) end
return 0

-- script reap ARGV max -> how many leases had ended
-- Whoever held it may have sent it: it comes back doubtful.
local time = now()
local ended = redis.call('ZRANGEBYSCORE', leased, '-inf', time, 'LIMIT', 0, ARGV[1])
if #ended > 0 then redis.call('HDEL', figures, 'asked') end
for _, member in ipairs(ended) do
  redis.call('ZREM', leased, member)
  redis.call('ZADD', waiting(member), 'NX', place(member, time), member)
  mark(member, 1, 0)
end
return #ended

-- script suspect ARGV member -> count, tries
-- The destination failed on this one alone. `count` grows only if it stored others meanwhile, so that
-- an outage, however long, makes nothing suspect. Kept as "count tries stored-so-far".
local done = redis.call('HMGET', totals, 'stored', 'duplicates')
local succeeded = (tonumber(done[1]) or 0) + (tonumber(done[2]) or 0)
local count, tries, at = string.match(
  redis.call('HGET', suspects, ARGV[1]) or '', '^(%d+) (%d+) (-?%d+)$')
count, tries = tonumber(count) or 0, (tonumber(tries) or 0) + 1
if succeeded > (tonumber(at) or -1) then count = count + 1 end
redis.call('HSET', suspects, ARGV[1], string.format('%d %d %d', count, tries, succeeded))
return {count, tries}

-- script refuse ARGV member -> how many that wait were refused since one was stored
redis.call('SADD', refused, ARGV[1])
return redis.call('SCARD', refused)

-- script wanted ARGV wake_ms -> tick wanted (0, 1, 2: an urgent one); for what became due meanwhile
local all, pressing = due(now())
if all == 0 or redis.call('EXISTS', hold) == 1 then return 0 end
if not redis.call('SET', wake, '1', 'NX', 'PX', ARGV[1]) then return 0 end
return pressing > 0 and 2 or 1

-- script doubt
redis.call('SET', doubt, string.format('%.6f', now()))
return 0

-- script figures -> seconds without an answer, and what shared/figures.py reads
local asked = redis.call('ZCARD', leased) > 0 and redis.call('HGET', figures, 'asked')
asked = tonumber(asked)
return {asked and tostring(math.max(0, now() - asked)) or '0', redis.call('HGETALL', figures)}

-- script counts -> see shared/index.py
local function first(key)
  return redis.call('ZRANGE', key, 0, 0)[1] or ''
end
return {
  redis.call('ZCARD', urgent), redis.call('ZCARD', routine), redis.call('ZCARD', leased),
  redis.call('PTTL', hold), redis.call('GET', hold) or '',
  tonumber(redis.call('GET', faults)) or 0, running(now()),
  {first(urgent), first(routine), first(leased)},
  redis.call('HGETALL', totals),
}

-- script rein ARGV lease delay wake max -> how many were brought back
-- Where the clock was set back, or somebody else wrote: nothing of ours ends later than this.
local time, found = now(), 0
local held = (tonumber(redis.call('HGET', figures, 'held') or '') or 3600000) / 1000
for key, most in pairs({[hold] = held, [probe] = ARGV[1], [wake] = ARGV[3]}) do
  local left = redis.call('PTTL', key)
  if left == -1 or left > most * 1000 + 1000 then found = found + redis.call('DEL', key) end
end
for _, each in ipairs({{slots, ARGV[1]}, {leased, ARGV[1]}, {urgent, ARGV[2]}, {routine, ARGV[2]}}) do
  local key, most = each[1], tonumber(each[2])
  local late = redis.call(
    'ZRANGEBYSCORE', key, string.format('(%.6f', time + most + 1), '+inf', 'LIMIT', 0, ARGV[4])
  for _, member in ipairs(late) do
    local score = (key == urgent or key == routine) and place(member, time) or time + most
    redis.call('ZADD', key, 'XX', string.format('%.6f', score), member)
  end
  found = found + #late
end
if (tonumber(redis.call('GET', doubt)) or 0) > time then
  redis.call('SET', doubt, string.format('%.6f', time))
end
return found
