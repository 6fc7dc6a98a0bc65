-- Appends the events of one command to a room's log, once, and publishes them: all in one atomic step.
--
-- KEYS  1 log: a stream, ids version-0   2 head: epoch, version, tag, fence   3 commands: command id -> "version tag"
-- ARGV  1 command id   2-4 expected epoch, version, tag ("", 0, "" for a new room)   5-7 the head afterwards
--       8 the number of the lease it is written under, 0 for none   9 channel   10.. one record each, as JSON
-- Gives {"known", epoch, "version tag"}, {"fenced"}, {"clash", epoch, version, tag} or {"appended"}.
--
-- Times, ids and versions come in as arguments. An error in a script keeps what was written before it, so the first
-- write is the one that can fail (out of memory, read-only); those behind it cannot.

local known = redis.call('HGET', KEYS[3], ARGV[1])
local head = redis.call('HMGET', KEYS[2], 'epoch', 'version', 'tag', 'fence')
local epoch, version, tag = head[1] or '', head[2] or '0', head[3] or ''

if known then
  -- Written again as it is: WAIT is about what its connection wrote, and another one may have appended this.
  redis.pcall('HSET', KEYS[3], ARGV[1], known)
  return {'known', epoch, known}
end
local fence, highest = tonumber(ARGV[8]), tonumber(head[4] or 0)
if fence > 0 and fence < highest then
  return {'fenced'}
end
if epoch ~= ARGV[2] or version ~= ARGV[3] or tag ~= ARGV[4] then
  return {'clash', epoch, version, tag}
end

for i = 10, #ARGV do
  redis.call('XADD', KEYS[1], string.format('%d-0', tonumber(version) + i - 9), 'record', ARGV[i])
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[6] .. ' ' .. ARGV[7])
redis.call('HSET', KEYS[2], 'epoch', ARGV[5], 'version', ARGV[6], 'tag', ARGV[7])
if fence > highest then
  redis.call('HSET', KEYS[2], 'fence', ARGV[8])
end
if #ARGV >= 10 then
  -- Not being allowed to publish must not look like not having appended: the log is read when nothing is heard.
  redis.pcall('PUBLISH', ARGV[9], table.concat(ARGV, '\n', 10))
end
return {'appended'}
