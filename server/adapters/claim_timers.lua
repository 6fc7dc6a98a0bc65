-- KEYS  1 timers: a sorted set, room -> when it is due
-- ARGV  1 now; "" for this server's time   2 for how long those that are due are the caller's   3 how many at most
-- Gives {now, until when they are the caller's, the rooms that are due}.

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now), 'LIMIT', 0, ARGV[3])
for _, room in ipairs(due) do
  redis.call('ZADD', KEYS[1], string.format('%d', now + ARGV[2]), room)
end
return {now, now + ARGV[2], due}
