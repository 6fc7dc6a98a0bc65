-- KEYS  1 hearing: hash with fence and note
-- ARGV  1 the reader's lease number   2 milliseconds to live
-- Gives {1, note or nothing}, and from now on nobody with a lower number may write; {0} where a higher one has been here.

if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) > tonumber(ARGV[1]) then
  return {0}
end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, redis.call('HGET', KEYS[1], 'note')}
