-- KEYS  1 head   2.. all else of a room's log
-- ARGV  1 milliseconds for which nobody may put the room back: longer than a process has it in mind

redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], 'erased', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
