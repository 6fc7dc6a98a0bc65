"""Puts what was heard into one room: the open utterance, its guesses, its words, its trouble.

Decides what is told while an utterance is under way and what becomes of one without words: a passage that the
recogniser failed on has none, and the utterance goes on without it. Never where an utterance begins or ends (`ear`),
nor whether the room takes it (`rooms.decide`).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from rooms import passages
from rooms.commands import Command
from rooms.hints import hints
from rooms.ledger import LONGEST_MS
from rooms.passages import OpenUtterance
from rooms.people import SYSTEM
from rooms.refusals import Refusal
from rooms.turns import WINDOW_MS
from rooms.windows import Window
from server.hearing.recognition import Recognition
from server.hearing.sound import Sounding
from server.hearing.spoken import Spoken
from server.hearing.telling import Teller
from server.live import Feed
from server.pen import Pen
from server.ports import AudioLog, Clock, HearingNotes, RoomLog, Transcriber, TranscriberFailed, TurnModel, Unavailable
from server.settings import Settings
from server.writer import Done

_AGAIN_S: Final = 0.5
"""The pause before a log that is away is asked again."""
_CATCH_UP_S: Final = 2.0

_log = logging.getLogger(__name__)


class Needs(NamedTuple):
    """What an ear needs from outside."""

    settings: Settings
    log: RoomLog
    audio: AudioLog
    notes: HearingNotes
    transcriber: Transcriber | None
    clock: Clock
    turn_model: TurnModel | None = None


class Scribe:
    """Of one room."""

    def __init__(self, feed: Feed, pen: Pen, needs: Needs, keep: Callable[[OpenUtterance], Awaitable[None]]) -> None:
        """`keep` is awaited whenever words were committed, before they are told."""
        self._feed, self._pen, self._needs, self._keep = feed, pen, needs, keep
        self._spoken: Spoken | None = None
        self._decode_s = 0.0
        """How long the open utterance waited for the words of its passages, in all."""
        self._tell = Teller(needs.log, feed.room_id)
        self.sound = Sounding(needs.log, feed.room_id)

    @property
    def open(self) -> bool:
        """Whether an utterance is under way."""
        return self._spoken is not None

    async def begin(self, turn: int, begun: Sequence[tuple[int, Window]]) -> None:
        """An utterance began with these windows; each comes with the room's time."""
        start_ms, first = begun[0]
        passage = passages.begin(start_ms, begun[-1][0] + WINDOW_MS)
        utterance = OpenUtterance(
            turn=turn, stream=first.stream, stream_ms=first.at_ms, start_ms=start_ms, passage=passage
        )
        await self.go_on(utterance, [window.samples for _, window in begun])
        self.sound.begin(window for _, window in begun)

    async def go_on(self, utterance: OpenUtterance, again: Sequence[bytes]) -> None:
        """An utterance is under way; `again` are the windows of its open passage so far."""
        self._spoken, self._decode_s = Spoken(utterance, self._recognise), 0.0
        for samples in again:
            self._spoken.fill(samples)
        self.sound.begin((), utterance.sound)
        await self._tell.speaking(utterance.turn, on=True)

    async def notice(self, turn: int, speaks: bool | None) -> None:
        """A voice seems to be heard, or not after all; None: as before. An open utterance is one until it ends."""
        if speaks is not None and not self.open:
            await self._tell.speaking(turn, on=speaks)

    async def hear(self, samples: bytes, at_ms: int, *, voiced: bool) -> None:
        """One more window of the open utterance, if one is open. Where a passage is over, its words are committed."""
        spoken = self._spoken
        if spoken and spoken.hear(samples, at_ms, voiced=voiced):
            await self._commit(spoken)
            if self._feed.room.withdrawn:
                return  # while the recogniser was at it: its words are neither kept nor told, and `hush` comes next
            await self._keep(spoken.kept.but(sound=self.sound.so_far))
            await self._tell.partial(spoken.turn, spoken.id, spoken.words)

    async def guess(self) -> None:
        """Let the recogniser hear what was added, and tell what it makes of it."""
        spoken = self._spoken
        if spoken and (hypothesis := await spoken.listen()) and not self._feed.room.withdrawn:
            await self._tell.partial(spoken.turn, spoken.id, spoken.words, hypothesis.words)

    async def end(self, end_ms: int) -> None:
        """Write the open utterance down. Without words nothing is written."""
        spoken, self._spoken = self._spoken, None
        if spoken is None:
            return
        await self._tell.speaking(spoken.turn, on=False)
        await self._commit(spoken)
        written = False
        if command := spoken.over(end_ms, self.sound.over()):
            outcome = await self.do(command, spoken.command_id)
            written = isinstance(outcome, Done)  # refused where consent was withdrawn meanwhile
            self._log_line(spoken.turn, len(command.utterance.words), end_ms, outcome)
        await self._tell.no_partial(spoken.turn, spoken.id, written=written)
        turn = self._feed.room.turn
        if written and turn:
            await self._tell.delivery(turn.number, turn.transcript, turn.began_ms)

    async def _commit(self, spoken: Spoken) -> None:
        began = time.monotonic()
        try:
            await spoken.commit()
        except (TranscriberFailed, ValueError):
            _log.error("a passage got no words", extra={"room": self._feed.room_id, "turn": spoken.turn})
            await self._tell.trouble("transcriber_failed")
        else:
            await self._tell.no_trouble()
        finally:
            self._decode_s += time.monotonic() - began

    def _recognise(self) -> Recognition:
        assert self._needs.transcriber is not None, "without a recogniser no window belongs to a turn"
        room, settings = self._feed.room, self._needs.settings
        return Recognition(self._needs.transcriber, settings.transcribe_timeout_s, hints(room), room.id)

    async def abandon(self) -> None:
        """Drop the open utterance. Its audio is still there for whoever comes next."""
        spoken, self._spoken = self._spoken, None
        if spoken:
            await spoken.abandon()

    async def hush(self) -> None:
        """Drop the open utterance for good, and what was told of it: nobody shall hear of it who comes later."""
        spoken = self._spoken
        await self.abandon()
        await self._tell.speaking(None, on=False)
        if spoken:
            await self._tell.no_partial(spoken.turn, spoken.id, written=False)
        else:  # a worker before this one may have told some
            await self._tell.forget_partial()

    async def do(self, command: Command, command_id: str) -> Done | Refusal:
        """Do it, however long the log is away, and wait until the feed shows it."""
        while True:
            try:
                outcome = await self._pen.do(command, SYSTEM, command_id)
                break
            except Unavailable:
                await asyncio.sleep(_AGAIN_S)
        if isinstance(outcome, Done):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CATCH_UP_S):
                    await self._feed.moved(outcome.cursor.version - 1)
        return outcome

    def _log_line(self, turn: int, words: int, end_ms: int, outcome: Done | Refusal) -> None:
        """`late_ms`: since it ended; None where a clock was wrong. `decode_ms`: waiting for passages' words."""
        late_ms = self._needs.clock.now_ms() - self._feed.room.opened_at - end_ms
        late = late_ms if 0 <= late_ms <= LONGEST_MS else None
        refused = outcome.code.value if isinstance(outcome, Refusal) else None
        line = {"room": self._feed.room_id, "turn": turn, "words": words, "late_ms": late, "refused": refused}
        _log.info("utterance", extra={**line, "decode_ms": round(self._decode_s * 1000)})
