"""What hearing tells a room and nobody keeps: who is speaking, guesses at words, running figures, trouble.

Decides how often and under which key; never what is true. Nothing told is worth stopping for: a log that is away is
left alone.
"""

import contextlib

from rooms.agreement import Agreement, agree
from rooms.protocol import DeliverySoFar, HearingTrouble, Partial, Speaking, Tell
from rooms.transcript import Transcript
from scoring.features import delivery
from server.errors import TABLE
from server.ports import Hypothesis, RoomLog, Unavailable


class Teller:
    """Tells one room."""

    def __init__(self, log: RoomLog, room: str) -> None:
        self._log, self._room = log, room
        self._agreement = Agreement()
        self._troubled = True
        """Whether trouble may be told right now; a worker before this one may have told some."""

    async def speaking(self, turn: int | None, *, on: bool) -> None:
        await self._tell(Speaking(turn=turn, on=on))

    async def partial(self, turn: int, utterance: str, hypothesis: Hypothesis) -> None:
        """A guess at the open utterance, unless it is the same as before."""
        before = self._agreement
        self._agreement = agree(before, [word.text for word in hypothesis.words])
        if self._agreement != before:
            stable, unstable = (" ".join(words) for words in self._agreement)
            await self._tell(Partial(turn=turn, utterance=utterance, stable=stable, unstable=unstable))

    async def no_partial(self, turn: int, utterance: str, *, written: bool) -> None:
        """The utterance is over. Where it came to nothing, its guesses are taken off the screens."""
        shown, self._agreement = self._agreement, Agreement()
        if shown != Agreement() and not written:
            await self._tell(Partial(turn=turn, utterance=utterance, stable="", unstable=""))
        await self._untell("partial")

    async def delivery(self, turn: int, transcript: Transcript, floor_ms: int | None) -> None:
        """The running figures of the open turn."""
        figures = delivery(transcript, floor_ms=floor_ms)
        told = DeliverySoFar(
            turn=turn,
            words=figures.words,
            words_per_minute=figures.words_per_minute,
            fillers=len(figures.fillers),
            pauses=len(figures.pauses),
            longest_pause_ms=max((pause.end_ms - pause.start_ms for pause in figures.pauses), default=0),
        )
        await self._tell(told)

    async def trouble(self, code: str) -> None:
        """Hearing failed; `code` is in the table of errors."""
        self._troubled = True
        await self._tell(HearingTrouble(code=code, sentence=TABLE[code].sentence))

    async def no_trouble(self) -> None:
        if self._troubled:
            self._troubled = False
            await self._untell("hearing_trouble")

    async def _tell(self, what: Tell) -> None:
        with contextlib.suppress(Unavailable):
            await self._log.tell(self._room, what.kind, what.model_dump_json().encode())

    async def _untell(self, key: str) -> None:
        with contextlib.suppress(Unavailable):
            await self._log.untell(self._room, key)
