-- Keeps a room's snapshot, and forgets the records that nobody needs any more: in one atomic step.
--
-- KEYS  1 log   2 head: epoch, version, tag, durable   3 snapshot
-- ARGV  1-2 epoch and version of the snapshot   3 the snapshot   4 records that are kept whatever happens
-- Gives 1 if it was kept, 0 where the log is another one by now.
--
-- Who reads the room begins with the snapshot, and what is durable can be had from the database.

local head = redis.call('HMGET', KEYS[2], 'epoch', 'version', 'tag', 'durable')
local version = tonumber(ARGV[2])
if head[1] ~= ARGV[1] or tonumber(head[2]) < version then
  return 0
end

redis.call('SET', KEYS[3], ARGV[3])
local below = math.min(version, tonumber(head[4] or 0), tonumber(head[2]) - tonumber(ARGV[4]))
if below > 0 then
  redis.call('XTRIM', KEYS[1], 'MINID', string.format('%d-0', below + 1))
end
return 1
