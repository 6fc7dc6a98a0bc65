"""`ports.AudioLog` in Redis or Valkey: a stream of frames a room, trimmed as hearing gets on.

Decides how audio lies in Redis, and that it is gone an hour after the last frame, whatever happens to the room:
    greenroom:{room}:audio    stream of frames, each with its audio stream's id
    greenroom:{room}:streams  hash: audio stream's id -> the number of its last kept frame; with " decoder" behind it,
                              what the decoder of a recording needs to go on
Never drops a frame that was not heard: what finds no room is not kept, and the client keeps it.
"""

import logging
from collections.abc import Mapping, Sequence

from rooms.commands import SAMPLE_RATE_HZ
from rooms.protocol import Frame, pack_frame, unpack_frame
from server.adapters.redis_connection import RedisConnection, Script, Word, room_key
from server.ports import AudioFull

AUDIO_TTL_MS = 3_600_000
FRAMES_PER_READ = 50
"""Of a room, in one read: 1 to 10 seconds of audio. What all rooms catch up on at once lies in memory at once."""

_APPEND = Script.load("append_audio.lua")
_log = logging.getLogger(__name__)


class RedisAudioLog:
    def __init__(self, redis: RedisConnection, backlog_s: int) -> None:
        self._redis = redis
        self._backlog_samples = backlog_s * SAMPLE_RATE_HZ

    async def append(self, room: str, stream: str, frames: Sequence[Frame], decoder: bytes = b"") -> int:
        args: list[Word] = [stream, self._backlog_samples, AUDIO_TTL_MS, decoder]
        for frame in frames:
            args += (frame.seq, pack_frame(frame))
        keys = [room_key(room, "audio"), room_key(room, "streams")]
        through, full = await self._redis.script(_APPEND, keys, args, replicated=True)
        if full:
            raise AudioFull
        return int(through)

    async def through(self, room: str, stream: str) -> int | None:
        through = await self._redis.call("HGET", room_key(room, "streams"), stream)
        return None if through is None else int(through)

    async def decoder(self, room: str, stream: str) -> bytes:
        return await self._redis.call("HGET", room_key(room, "streams"), f"{stream} decoder") or b""

    async def read(self, rooms: Mapping[str, str]) -> Mapping[str, tuple[str, Sequence[tuple[str, Frame]]]]:
        if not rooms:
            return {}
        room_of = {room_key(room, "audio"): room for room in rooms}
        behind = [position or "0" for position in rooms.values()]
        # One command for all rooms costs a quarter of one for each; in a cluster they lie at several nodes.
        asked = zip(room_of, behind, strict=True) if self._redis.several else ((*room_of, *behind),)
        replies = await self._redis.calls([("XREAD", "COUNT", FRAMES_PER_READ, "STREAMS", *which) for which in asked])
        return {
            room_of[key.decode()]: (
                entries[-1][0].decode(),
                [frame for _, fields in entries if (frame := _frame(fields))],
            )
            for reply in replies
            for key, entries in reply or ()
        }

    async def forget(self, room: str, position: str) -> None:
        milliseconds, _, number = position.partition("-")
        await self._redis.call("XTRIM", room_key(room, "audio"), "MINID", f"{milliseconds}-{int(number) + 1}")

    async def erase(self, room: str) -> None:
        await self._redis.call("DEL", *(room_key(room, name) for name in ("audio", "streams", "hearing")))


def _frame(fields: Sequence[bytes]) -> tuple[str, Frame] | None:
    """The frame in an entry; None for one that another release wrote in its own way."""
    try:
        _, _, _, stream, _, frame = fields
        return stream.decode(), unpack_frame(frame, kept=True)
    except ValueError:
        _log.exception("a frame of audio cannot be read")
        return None
