-- Keeps a room's snapshot, and forgets the records that nobody needs any more: in one atomic step.
--
-- KEYS  1 log   2 head: epoch, version, tag, durable   3 snapshot
-- ARGV  1-3 epoch, version and tag of the snapshot   4 the snapshot   5 records that are kept whatever happens
-- Gives 1 if it was kept, 0 where the log is another one by now, or has forgotten that place behind a later snapshot.
--
-- Who reads the room begins with the snapshot, and what is durable can be had from the database.

local head = redis.call('HMGET', KEYS[2], 'epoch', 'version', 'tag', 'durable')
local version = tonumber(ARGV[2])
if head[1] ~= ARGV[1] or tonumber(head[2]) < version then
  return 0
end

local tag = head[3]
if tonumber(head[2]) > version then
  local found = redis.call('XRANGE', KEYS[1], version .. '-0', version .. '-0')[1]
  -- As in mark_durable.lua. Where the log does not go on from it, nobody could read the room with it.
  tag = found and string.match(found[2][2], '^%[%d+, *"([^"]*)"')
end
if tag ~= ARGV[3] then
  return 0
end

-- A room that is over expires, and its snapshot with it.
redis.call('SET', KEYS[3], ARGV[4], 'KEEPTTL')
local below = math.min(version, tonumber(head[4] or 0), tonumber(head[2]) - tonumber(ARGV[5]))
if below > 0 then
  redis.call('XTRIM', KEYS[1], 'MINID', string.format('%d-0', below + 1))
end
return 1
