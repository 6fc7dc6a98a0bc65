-- KEYS  1 timers: a sorted set, room -> when it is due
-- ARGV  1 room   2 until when it was claimed   3 when it is due next; "" for not at all
-- Does nothing where the timer was put anew in between.

if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or -1) ~= tonumber(ARGV[2]) then
  return 0
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
return 1
