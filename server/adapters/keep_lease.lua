-- KEYS  1 lease
-- ARGV  1 holder   2 milliseconds to live; 0 gives the room back
-- Gives 1 if this holder held the room.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
