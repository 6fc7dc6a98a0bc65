-- Moves a room's durable mark forward, and publishes that: in one atomic step.
--
-- KEYS  1 log   2 head: epoch, version, tag, durable
-- ARGV  1-3 epoch, version and tag of a record that is kept in the database, and all before it   4 channel
-- Gives 1 if the log is durable up to there, 0 where the log is another one by now.

local head = redis.call('HMGET', KEYS[2], 'epoch', 'version', 'tag', 'durable')
local version = tonumber(ARGV[2])
if head[1] ~= ARGV[1] or tonumber(head[2]) < version then
  return 0
end
if version <= tonumber(head[4] or 0) then
  return 1
end

local tag = head[3]
if tonumber(head[2]) > version then
  local found = redis.call('XRANGE', KEYS[1], version .. '-0', version .. '-0')[1]
  -- A record is a JSON array: version, tag, and so on (redis_records.py). A tag needs no escapes.
  tag = found and string.match(found[2][2], '^%[%d+, *"([^"]*)"')
end
if tag ~= ARGV[3] then
  return 0
end

redis.call('HSET', KEYS[2], 'durable', ARGV[2])
redis.pcall('PUBLISH', ARGV[4], ARGV[2] .. ' ' .. ARGV[1] .. ' ' .. ARGV[3])
return 1
