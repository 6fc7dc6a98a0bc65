-- Appends the events of one or more commands to a room's log, once, and publishes them: all in one atomic step.
--
-- KEYS  1 log: a stream, ids version-0   2 head: epoch, version, tag, fence   3 commands: command id -> "version tag"
-- ARGV  1-3 expected epoch, version, tag ("", 0, "" for a new room)   4 the epoch afterwards
--       5 the number of the lease it is written under, 0 for none   6 channel   7 how many commands
--       8.. for each of them its id, and the version and tag at which it ends; then one record each, as JSON
-- Gives {"known", epoch, "version tag"} of the first command that is in the log already, {"fenced"},
-- {"clash", epoch, version, tag} or {"appended"}. Nothing is appended but in the last case.
--
-- Times, ids and versions come in as arguments. An error in a script keeps what was written before it, so the first
-- write is the one that can fail (out of memory, read-only); those behind it cannot.

local head = redis.call('HMGET', KEYS[2], 'epoch', 'version', 'tag', 'fence')
local epoch, version, tag = head[1] or '', head[2] or '0', head[3] or ''
local first = 8 + 3 * tonumber(ARGV[7])

local places = {}
for i = 8, first - 1, 3 do
  local known = redis.call('HGET', KEYS[3], ARGV[i])
  if known then
    -- Written again as it is: WAIT is about what its connection wrote, and another one may have appended this.
    redis.pcall('HSET', KEYS[3], ARGV[i], known)
    return {'known', epoch, known}
  end
  places[#places + 1] = ARGV[i]
  places[#places + 1] = ARGV[i + 1] .. ' ' .. ARGV[i + 2]
end
local fence, highest = tonumber(ARGV[5]), tonumber(head[4] or 0)
if fence > 0 and fence < highest then
  return {'fenced'}
end
if epoch ~= ARGV[1] or version ~= ARGV[2] or tag ~= ARGV[3] then
  return {'clash', epoch, version, tag}
end

for i = first, #ARGV do
  redis.call('XADD', KEYS[1], string.format('%d-0', tonumber(version) + i - first + 1), 'record', ARGV[i])
end
redis.call('HSET', KEYS[3], unpack(places))
redis.call('HSET', KEYS[2], 'epoch', ARGV[4], 'version', ARGV[first - 2], 'tag', ARGV[first - 1])
if fence > highest then
  redis.call('HSET', KEYS[2], 'fence', ARGV[5])
end
if #ARGV >= first then
  -- Not being allowed to publish must not look like not having appended: the log is read when nothing is heard.
  redis.pcall('PUBLISH', ARGV[6], table.concat(ARGV, '\n', first))
end
return {'appended'}
