"""Hears one room: judged windows of audio in; utterances, tellings and the ends of turns out.

Decides which audio belongs to which turn and when an utterance goes to the recogniser. Never changes the room itself
(`writer`), and keeps nothing that a new worker could not find again: the room's log has every word that was written
down, and the audio behind the last of them is not forgotten.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, assert_never

from rooms import turns
from rooms.commands import CloseTurn, NameTranscriber
from rooms.events import ConsentWithdrawn, InterviewResumed, QuestionAsked
from rooms.passages import OpenUtterance
from rooms.phases import Phase
from rooms.protocol import ResetReason
from rooms.refusals import Refusal
from rooms.state import Turn
from rooms.turns import Sign, SpeechBegan, TurnSilent, UtteranceOver
from rooms.windows import Window
from server.deadline import Deadline
from server.errors import TABLE
from server.hearing.checkpoint import Checkpoint, Place, Stream
from server.hearing.ending import Due, Ending, Reading
from server.hearing.keeping import Keeping
from server.hearing.offsets import Offsets
from server.hearing.resuming import Resuming, beginning, written_until
from server.hearing.scribe import Needs, Scribe
from server.hearing.waiting import Waiting
from server.live import Feed
from server.pen import Pen
from server.ports import Record, Unavailable

QUEUE_BATCHES: Final = 8
QUEUE_WINDOWS: Final = 64
"""What may wait for one room's recogniser. Beyond either its audio stays in the audio log: a batch of a room that
catches up is long, and what a hundred rooms once had in memory together, their process keeps."""
_IDLE_S: Final = 10.0
"""An utterance whose audio stopped (a muted microphone, a lost connection) is written down after this long..."""
_IDLE_PAUSED_S: Final = 1.0
"""...and sooner while the interview is paused, because a client then sends nothing."""
_LOOK_S: Final = 0.25
_CONTEXT_MS: Final = 1_000
"""Audio kept before an utterance, so that a new worker's voice detector is warm when it gets there."""
_ONSET_MS: Final = 500
"""How far back an utterance may still begin: pre-roll and the shortest speech."""
_VOICE_S: Final = 5.0
_RING_WINDOWS: Final = 16
_LEFT_OVER_MS: Final = 3_000
"""So long after a question was asked, audio from before it may still come in. Later, it is a microphone's clock that is
behind (its page slept, samples were dropped), and what it heard is an answer."""


class Batch(NamedTuple):
    """What one reading of the audio log brought for a room."""

    position: str
    through: Mapping[str, int]
    """The last frame of each stream in it."""
    judged: Sequence[tuple[Window, float]]
    """Windows with the probability that they hold speech."""
    streams: Mapping[str, Stream]
    """What the next windows are cut and judged with."""


class Ear:
    """One room's hearing. `take` brings it audio; `run` does the rest."""

    def __init__(self, feed: Feed, pen: Pen, needs: Needs, left: Checkpoint | None = None) -> None:
        """`left`: what the worker before this one left behind."""
        self._feed, self._needs = feed, needs
        first = left.place if left else beginning(feed.room, needs.settings)
        self.position = first.position
        """Where in the audio log to read on."""
        self.blanks = 0
        """How often the audio log was read for this room and had nothing new."""
        self._batches: deque[Batch] = deque()
        self._stir = asyncio.Event()
        self._detector = first.detector
        self._lately: deque[tuple[int, Window]] = deque(maxlen=_RING_WINDOWS)
        """The latest windows with the room's time: what an utterance begins with, before it is sure that it does."""
        self._through = {stream: known.cut.seq for stream, known in first.streams.items()}
        self._heard_at = _now()
        self._end_ms = first.at_ms
        self._late_ms = 0
        self._asked_ms = -_LEFT_OVER_MS
        self._known_ms = written_until(feed.room)
        """Speech before this is in the log: a worker before this one wrote it down, but did not get to forget it."""
        self._exact = bool(first.position)
        """Whether we hear as the worker before us did; otherwise our voice detector warms up on what it wrote down."""
        self._waiting = Waiting(needs.settings, needs.log, feed.room_id, needs.turn_model)
        self._ending = Ending(needs.audio, feed.room_id)
        self._keeping = Keeping(needs.notes, feed.room_id, pen.fence, first)
        self._offsets = Offsets(feed, needs.log)
        self._hushed = feed.room.withdrawn
        """Whether consent was taken back, and what is here is still to be let go."""
        self._scribe = Scribe(feed, pen, needs, self._keep_words)
        self._certain: OpenUtterance | None = None
        """The open utterance with the words that are committed, where there are any."""
        self._resuming = Resuming(self._scribe)
        if left:
            self._take_up(left)

    # --- for server.hearing -----------------------------------------------------------------------------------------

    @property
    def room_id(self) -> str:
        return self._feed.room_id

    @property
    def hungry(self) -> bool:
        """Whether more audio may be brought."""
        waiting = self._batches
        return len(waiting) < QUEUE_BATCHES and sum(len(batch.judged) for batch in waiting) < QUEUE_WINDOWS

    @property
    def open(self) -> bool:
        """Whether an utterance is under way."""
        return self._detector.open

    def behind_ms(self) -> int | None:
        """How far hearing is behind what is said; None where nothing came for a while."""
        if self._batches:
            return max(self._late_ms, self._now_ms() - self._end_ms)
        return self._late_ms if _now() - self._heard_at < _VOICE_S else None

    def take(self, batch: Batch) -> None:
        """Never waits. Only for a hungry ear."""
        self._batches.append(batch)
        self.position = batch.position
        self._stir.set()

    # --- for the feed: server.live.Listener -------------------------------------------------------------------------

    def happened(self, records: Sequence[Record]) -> None:
        for record in records:
            match record.event:
                case QuestionAsked():
                    self._asked_ms = record.at - self._feed.room.opened_at
                case InterviewResumed():
                    self._ending.resumed()
                    self._detector = turns.count_anew(self._detector)
                    self._keeping.revise(turns.count_anew)
                case ConsentWithdrawn():
                    self._hushed = True
                case _:
                    pass
        self._stir.set()

    def told(self, tell: bytes) -> None:
        """Hearing tells; it does not listen."""

    def durable(self, version: int) -> None:
        """No matter for hearing."""

    def reset(self, reason: ResetReason) -> None:
        self._stir.set()

    # --- the room's life --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Hear until the room is closed or this is cancelled."""
        self._feed.attach(self)
        try:
            await self._name_transcriber()
            while self._feed.room.phase is not Phase.CLOSED:
                if self._hushed:
                    await self._hush()
                if self._batches:
                    await self._listen(self._batches.popleft())
                else:
                    await self._rest()
                await self._close_if_due()
            with contextlib.suppress(Unavailable):
                await self._needs.audio.erase(self.room_id)
        finally:
            self._feed.detach(self)
            await self._scribe.abandon()

    async def _name_transcriber(self) -> None:
        transcriber, named = self._needs.transcriber, self._feed.room.transcriber
        label = transcriber.label if transcriber else "typing"
        caution = transcriber.caution if transcriber else TABLE["no_transcriber"].sentence
        if named is None or (named.label, named.caution) != (label, caution):
            # The version tells this naming from an earlier one, by a worker with another recogniser.
            command_id = f"transcriber.{self._feed.cursor.version}"
            await self._scribe.do(NameTranscriber(label=label, caution=caution), command_id)

    async def _hush(self) -> None:
        """Let go of all that was heard and is not written down, at once."""
        self._hushed = False
        self._batches.clear()
        self._lately.clear()
        self._certain = None
        self._resuming.drop()
        self._detector = turns.listen_anew(self._detector, self._end_ms)
        self._keeping.begin_here(self._detector)
        await self._scribe.hush()
        with contextlib.suppress(Unavailable):  # what cannot be reached now is erased when the room closes
            await self._needs.audio.erase(self.room_id)

    async def _rest(self) -> None:
        self._stir.clear()
        with contextlib.suppress(TimeoutError), Deadline(_LOOK_S):
            await self._stir.wait()
        if self._batches:  # to be heard at once: what is kept behind them is kept then
            return
        idle_s = _IDLE_PAUSED_S if self._feed.room.paused else _IDLE_S
        if self._under_way and _now() - self._heard_at > idle_s:
            await self._break_off()
        await self._keep()

    async def _close_if_due(self) -> None:
        turn = self._feed.room.turn
        if turn is None:
            return
        self._ending.follow(turn)
        if self._feed.room.withdrawn:
            await self._close(turn, Due(None))
        elif due := await self._ending.due(turn, self._reading(turn)):
            await self._close(turn, due)

    def _reading(self, turn: Turn) -> Reading:
        stream = turn.finished.stream if turn.finished else None
        return Reading(self.blanks, bool(self._batches), self._through.get(stream or "", -1))

    async def _close(self, turn: Turn, due: Due) -> None:
        await self._break_off()
        if (until_ms := self._resuming.until_ms) is not None:  # its audio did not come again; its words stay
            await self._end(until_ms)
        command = CloseTurn.model_validate({"turn": turn.number, "reason": due.reason})
        if isinstance(await self._scribe.do(command, f"close.{turn.number}"), Refusal):
            self._ending.refused()

    # --- audio ------------------------------------------------------------------------------------------------------

    async def _listen(self, batch: Batch) -> None:
        self._heard_at, patience_ms = _now(), self._waiting.patience_ms(self._feed.room)
        offsets = {stream: await self._offsets.of(stream) for stream in batch.through}
        for window, probability in batch.judged:
            offset = offsets[window.stream]
            if offset is not None:
                self._end_ms = offset + window.at_ms + turns.WINDOW_MS
                patience_ms = await self._window(window, offset + window.at_ms, probability, patience_ms)
        await self._scribe.guess()
        await self._scribe.sound.tell()
        await self._waiting.foresee(self._feed.room, self._detector)
        self._late_ms = max(0, self._now_ms() - self._end_ms)
        self._through |= batch.through
        number = self._feed.room.turn.number if self._feed.room.turn else None
        self._keeping.heard(Place(batch.position, self._end_ms, number, self._detector, batch.streams))
        await self._keep()

    async def _window(self, window: Window, at_ms: int, probability: float, patience_ms: int) -> int:
        """Hear one window; gives the patience with the silence that may follow."""
        turn = self._owner(window, at_ms)
        self._scribe.sound.hear(window, turn)
        if turn is None or turns.apart(self._detector, at_ms):
            await self._end_utterance()
            self._lately.clear()
        if turn is None:
            self._detector = turns.listen_anew(self._detector, at_ms + turns.WINDOW_MS)
            return patience_ms
        if at_ms < self._known_ms and not self._exact:
            probability = 0.0
            self._detector = turns.count_anew(self._detector)  # nobody was silent there
        else:
            self._lately.append((at_ms, window))
        await self._resuming.hear(window.samples, at_ms)
        self._detector, signs = turns.hear(self._detector, at_ms, probability, patience_ms)
        self._waiting.hear(turn, window.samples)
        await self._scribe.hear(window.samples, at_ms, voiced=self._detector.voiced)
        for sign in signs:
            await self._see(sign, turn)
        await self._scribe.notice(turn, turns.seems_to_speak(self._detector, probability))
        return self._waiting.patience_ms(self._feed.room) if signs else patience_ms

    def _owner(self, window: Window, at_ms: int) -> int | None:
        """The turn that a window belongs to. Audio that belongs to none is let go."""
        room = self._feed.room
        turn = room.turn
        if turn is None or room.withdrawn or self._needs.transcriber is None:
            return None
        paused = room.paused and at_ms >= (room.stopped_ms or 0)  # what was said before the pause may come in after it
        if paused and not self._under_way:
            return None
        if at_ms < self._asked_ms and self._now_ms() < self._asked_ms + _LEFT_OVER_MS:
            return None
        finished = turn.finished
        if finished and finished.stream == window.stream and finished.through is not None:
            return turn.number if window.seq <= finished.through else None
        return turn.number

    async def _see(self, sign: Sign, turn: int) -> None:
        match sign:
            case SpeechBegan(at_ms=at_ms):
                self._ending.silent = False
                if not (self._resuming.pending or (self._exact and at_ms < self._known_ms)):
                    await self._scribe.begin(turn, [kept for kept in self._lately if kept[0] + turns.WINDOW_MS > at_ms])
            case UtteranceOver(end_ms=end_ms):
                await self._end(end_ms)
                await self._waiting.listen()
            case TurnSilent():
                self._ending.silent = True
            case _:
                assert_never(sign)

    async def _break_off(self) -> None:
        """Nothing more belongs to the open utterance, and that is not for the audio to say."""
        await self._end_utterance()
        self._keeping.begin_here(self._detector)

    async def _end_utterance(self) -> None:
        """Nothing more belongs to the open utterance."""
        self._detector, signs = turns.finish(self._detector)
        for sign in signs:
            if isinstance(sign, UtteranceOver):
                await self._end(sign.end_ms)

    async def _end(self, end_ms: int) -> None:
        if self._resuming.is_behind(end_ms):
            return
        if self._feed.room.withdrawn:  # no recogniser is given any more of it
            self._resuming.drop()
            await self._scribe.hush()
        else:
            await self._resuming.go_on()
            await self._scribe.end(end_ms)
        self._certain = None

    # --- for whoever comes after us, from whoever was before us -------------------------------------------------------

    @property
    def _under_way(self) -> bool:
        return self._scribe.open or self._resuming.pending

    async def _keep(self) -> None:
        await self._keeping.keep(self._certain, *self._needed_ms())

    async def _keep_words(self, utterance: OpenUtterance) -> None:
        """Words were committed; they are told when this returns."""
        self._certain = utterance
        await self._keeping.commit(utterance, *self._needed_ms())

    def _needed_ms(self) -> tuple[int, int]:
        """From when on a worker that takes over must hear again: one with our checkpoint, and one without."""
        start_ms = self._detector.start_ms
        if start_ms is None and (self._feed.room.turn is None or self._detector.next_ms is None):
            return self._end_ms, self._end_ms
        from_ms = self._end_ms - _ONSET_MS if start_ms is None else start_ms
        return self._certain.passage.start_ms if self._certain else from_ms, from_ms - _CONTEXT_MS

    def _take_up(self, left: Checkpoint) -> None:
        """Go on where the worker before us was."""
        turn = self._feed.room.turn
        if turn is None or turn.number != left.place.turn:
            self._detector = turns.listen_anew(self._detector, self._end_ms)
            return
        self._ending.follow(turn)
        self._ending.silent = self._detector.said_silent
        if left.utterance and left.utterance.turn == turn.number and left.utterance.start_ms >= self._known_ms:
            self._certain = left.utterance
            self._resuming.take_up(left.utterance)

    def _now_ms(self) -> int:
        return self._needs.clock.now_ms() - self._feed.room.opened_at


def _now() -> float:
    return asyncio.get_running_loop().time()
