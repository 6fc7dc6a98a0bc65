-- KEYS  1 holders: connection -> the socket that holds it   2 head of the room's log
-- ARGV  1 connection   2 who holds it, as far as is known   3 who takes it; "" lets go of it   4 milliseconds to live
--       5 from whom the one that holds it had taken it, which was confirmed; "" where that is not known
-- Gives 1 if it is taken, now or by this same command before.

-- A room that was erased, which a process may still have in mind, is nobody's any more.
if ARGV[3] ~= '' and redis.call('HEXISTS', KEYS[2], 'epoch') == 0 then
  return 0
end
local known = redis.call('HGET', KEYS[1], ARGV[1])
local holder = known or ARGV[1]
-- What a crash or a failover forgot: who took it is not found as its holder, and nobody took it since.
local forgotten = ARGV[5] ~= '' and (not known or known == ARGV[5])
if holder ~= ARGV[2] and holder ~= ARGV[3] and not forgotten then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
