"""`ports.HearingNotes` in Redis or Valkey: beside the room's audio, and gone with it.

    greenroom:{room}:hearing    hash: the number of the lease that wrote last, and its note

Decides that a note and the forgetting of the audio that it replaces are one step. Never reads a note.
"""

from collections.abc import Sequence

from server.adapters.redis_audio import AUDIO_TTL_MS
from server.adapters.redis_connection import RedisConnection, Script, room_key
from server.ports import Fenced, Note

_KEEP = Script.load("keep_note.lua")
_RECALL = Script.load("recall_note.lua")


class RedisHearingNotes:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def keep(self, notes: Sequence[Note]) -> frozenset[str]:
        runs = [
            (
                [room_key(note.room, name) for name in ("hearing", "audio", "streams")],
                (note.fence, note.note, _behind(note.forget), AUDIO_TTL_MS),
            )
            for note in notes
        ]
        kept = await self._redis.scripts(_KEEP, runs)
        return frozenset(note.room for note, done in zip(notes, kept, strict=True) if done)

    async def recall(self, room: str, fence: int) -> bytes | None:
        allowed, *found = await self._redis.script(_RECALL, [room_key(room, "hearing")], (fence, AUDIO_TTL_MS))
        if not allowed:
            raise Fenced
        note: bytes | None = found[0] if found else None
        return note


def _behind(position: str) -> str:
    """The oldest id that stays."""
    milliseconds, _, number = position.partition("-")
    return f"{milliseconds}-{int(number) + 1}" if position else ""
