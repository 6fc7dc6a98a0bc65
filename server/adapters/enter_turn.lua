-- Enters a turn into the ledger, once.
--
-- KEYS  1 turns: sorted set, room/turn -> when   2 latest: list of entries, newest first   3 counts: hash
-- ARGV  1 room/turn   2 when, in ms since 1970   3 turns to remember   4 the entry   5 entries to keep
--       6.. a field of the counts, by how much it grows, and so on
-- Gives 1, or 0 where the turn was entered before.

if redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1]) == 0 then
  return 0
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[3]) - 1)
redis.call('LPUSH', KEYS[2], ARGV[4])
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[5]) - 1)
for i = 6, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1])
end
return 1
