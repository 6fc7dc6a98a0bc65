-- KEYS  1 hearing: hash with fence and note   2 audio: stream   3 streams: hash, there as long as audio may come
-- ARGV  1 the writer's lease number   2 note   3 audio before this id may go, or ''   4 milliseconds to live
-- Gives 1, or 0 where a holder with a higher number has been here. A room whose audio was erased gets no note again.

if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) > tonumber(ARGV[1]) then
  return 0
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'note', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  if ARGV[3] ~= '' then
    redis.call('XTRIM', KEYS[2], 'MINID', ARGV[3])
  end
end
return 1
