-- KEYS  1 purse: what was spent of a budget
-- ARGV  1 amount   2 limit; "" to put right what was spent before   3 milliseconds to live, from the first spending on
-- Gives 1, or 0 where the amount would pass the limit: then nothing is spent.

local spent = tonumber(redis.call('GET', KEYS[1]) or 0)
if ARGV[2] == '' then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('INCRBY', KEYS[1], ARGV[1])
  end
  return 1
end
if spent + tonumber(ARGV[1]) > tonumber(ARGV[2]) then
  return 0
end
redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
