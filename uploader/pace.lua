-- How fast the requests to a destination may go, over all uploaders.

-- script take ARGV bytes rate longest -> seconds to wait before sending them
-- The key holds when the line is free again. A debt of more than `longest` seconds is of a rate that
-- held before, and forgotten.
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local free = tonumber(redis.call('GET', KEYS[1])) or 0
if free < now or free > now + ARGV[3] then free = now end
local after = free + ARGV[1] / ARGV[2]
redis.call('SET', KEYS[1], string.format('%.6f', after), 'PX', math.ceil((after - now) * 1000) + 1000)
return string.format('%.6f', free - now)
