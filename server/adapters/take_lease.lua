-- KEYS  1 lease: who holds the room, with a time to live   2 fence: how often the holder changed
-- ARGV  1 holder   2 milliseconds to live   3 milliseconds to live of the fence
-- Gives the holder's fencing number, or nothing while another holds the room.

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return false
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local fence = redis.call('GET', KEYS[2])
if not (holder and fence) then
  fence = redis.call('INCR', KEYS[2])
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return tonumber(fence)
