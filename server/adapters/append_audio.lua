-- Keeps frames of one audio stream, in order and without gaps, as long as not too much waits to be heard.
--
-- KEYS  1 audio: a stream   2 streams: hash, audio stream id -> its last kept frame; " samples" -> samples ever kept;
--                           audio stream id .. " decoder" -> what a recording's decoder needs to go on
-- ARGV  1 audio stream id   2 samples that may wait   3 milliseconds after which forgotten rooms go
--       4 what its decoder needs to go on behind these frames, or nothing
--       5.. a frame's number, the frame as on the wire (12 bytes of header, then 16-bit samples), and so on
-- Gives {the last kept frame or -1, 1 if a frame found no room}.

local through = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or -1)
local samples = tonumber(redis.call('HGET', KEYS[2], ' samples') or 0)
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local heard = oldest and tonumber(oldest[2][2]) or samples
local before, full = through, 0

for i = 5, #ARGV, 2 do
  if tonumber(ARGV[i]) == through + 1 then
    local length = (#ARGV[i + 1] - 12) / 2
    if samples + length - heard > tonumber(ARGV[2]) then
      full = 1
      break
    end
    redis.call('XADD', KEYS[1], '*', 'before', string.format('%d', samples), 'stream', ARGV[1], 'frame', ARGV[i + 1])
    samples, through = samples + length, through + 1
  end
end

if through > before then
  redis.call('HSET', KEYS[2], ARGV[1], through, ' samples', string.format('%d', samples))
  if ARGV[4] ~= '' and full == 0 then
    redis.call('HSET', KEYS[2], ARGV[1] .. ' decoder', ARGV[4])
  end
end
-- A write also where all was kept before: WAIT is about what its connection wrote, and another one may have kept it.
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return {through, full}
