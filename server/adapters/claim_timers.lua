-- KEYS  1 timers: a sorted set, room -> when it is due
-- ARGV  1 now   2 until when those that are due are the caller's   3 how many at most
-- Gives the rooms that are due.

local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, room in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[2], room)
end
return due
