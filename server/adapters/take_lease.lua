-- KEYS  1 lease: who holds the room, with a time to live   2 fence: the number of the last holder
--       3 head of the room's log: fence, the highest number that appended
-- ARGV  1 holder   2 milliseconds to live   3 milliseconds to live of the fence   4 a holder that is gone, or ''
-- Gives the holder's fencing number, or nothing while another holds the room who is not the one that is gone.
--
-- Numbers are taken from this server's clock, so that they grow even where the last one was forgotten (a flush, a
-- failover to a replica that was behind); where a clock went back, from the last one, or from what the log has taken.

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[4] then
  return false
end
local fence = redis.call('GET', KEYS[2])
if not (holder == ARGV[1] and fence) then
  local now = redis.call('TIME')
  local highest = math.max(tonumber(fence or 0), tonumber(redis.call('HGET', KEYS[3], 'fence') or 0))
  fence = math.max(highest + 1, now[1] * 1000 + math.floor(now[2] / 1000))
  redis.call('SET', KEYS[2], string.format('%d', fence))
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return tonumber(fence)
