-- KEYS  1 holders: connection -> the socket that holds it
-- ARGV  1 connection   2 who holds it, as far as is known   3 who takes it; "" lets go of it   4 milliseconds to live
-- Gives 1 if it is taken, now or by this same command before.

local holder = redis.call('HGET', KEYS[1], ARGV[1]) or ARGV[1]
if holder ~= ARGV[2] and holder ~= ARGV[3] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
