"""Where a microphone's own clock stands in the room's time."""

from typing import Final

from rooms.events import MicrophoneOpened
from server.live import Feed
from server.ports import RoomLog

_PAGE: Final = 500


class Offsets:
    """Of all microphones of one room: audio of an earlier one may still wait when the next is open."""

    def __init__(self, feed: Feed, log: RoomLog) -> None:
        self._feed, self._log = feed, log
        self._known: dict[str, int] = {}

    async def of(self, stream: str) -> int | None:
        """The room's time, in ms, when the stream's clock stood at 0; None if no such microphone was opened."""
        microphone = self._feed.room.microphone
        if microphone and microphone.stream == stream:
            self._known[stream] = microphone.offset_ms
        if stream not in self._known:
            await self._look_up()
        return self._known.get(stream)

    async def _look_up(self) -> None:
        after = 0
        while page := await self._log.read(self._feed.room_id, after, _PAGE):
            after = page[-1].version
            for record in page:
                if isinstance(record.event, MicrophoneOpened):
                    self._known[record.event.stream] = record.event.offset_ms
