-- Writes a room anew from what is kept of it elsewhere, if its log is still what was seen: in one atomic step.
--
-- KEYS  1 log   2 head: epoch, version, tag, durable, fence   3 commands   4 snapshot
-- ARGV  1-3 epoch, version and tag of the head that was seen ("", 0, "": there was none)   4-6 the head afterwards
--       7 the durable mark afterwards   8 the snapshot, "" to keep the one that is there   9 channel
--       10 how many command ids follow   11.. command id, "version tag", and so on
--       then the records to append, as JSON; the last one has the version of the new head
-- Gives 1 if it was done, 0 where the log is another one by now, or was erased. A log that expires goes on to.

local head = redis.call('HMGET', KEYS[2], 'epoch', 'version', 'tag', 'erased')
if head[4] or (head[1] or '') ~= ARGV[1] or (head[2] or '0') ~= ARGV[2] or (head[3] or '') ~= ARGV[3] then
  return 0
end
if not head[1] then
  redis.call('DEL', KEYS[1], KEYS[3], KEYS[4])
end
-- Where the head was lost, so was the highest fence. Leases are numbered by this clock (take_lease.lua): what was taken
-- before now is void.
local now = not head[1] and redis.call('TIME')

local first = 11 + 2 * tonumber(ARGV[10])
local version = tonumber(ARGV[5]) - (#ARGV - first + 1)
for i = first, #ARGV do
  version = version + 1
  redis.call('XADD', KEYS[1], string.format('%d-0', version), 'record', ARGV[i])
end
for i = 11, first - 1, 2 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
if ARGV[8] ~= '' then
  redis.call('SET', KEYS[4], ARGV[8], 'KEEPTTL')
end
redis.call('HSET', KEYS[2], 'epoch', ARGV[4], 'version', ARGV[5], 'tag', ARGV[6], 'durable', ARGV[7])
if now then
  redis.call('HSET', KEYS[2], 'fence', string.format('%d', now[1] * 1000 + math.floor(now[2] / 1000)))
end
-- A JSON string: everybody who has the room in memory reads it anew.
redis.pcall('PUBLISH', ARGV[9], '"' .. ARGV[4] .. '"')
return 1
