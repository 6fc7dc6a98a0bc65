"""What hearing tells a room and nobody keeps: who is speaking, guesses at words, running figures, trouble.

Decides how often and under which key; never what is true. Nothing told is worth stopping for: a log that is away is
left alone.
"""

import contextlib
from collections.abc import Sequence
from typing import Final

from rooms.protocol import DeliverySoFar, HearingTrouble, Partial, Speaking, Tell
from rooms.transcript import Transcript, Word
from scoring.features import delivery
from server.errors import TABLE
from server.ports import RoomLog, Unavailable

_NOTHING: Final = ("", "")


class Teller:
    """Tells one room."""

    def __init__(self, log: RoomLog, room: str) -> None:
        self._log, self._room = log, room
        self._shown = _NOTHING
        self._speaking = False
        self._troubled = True
        """Whether trouble may be told right now; a worker before this one may have told some."""

    async def speaking(self, turn: int | None, *, on: bool) -> None:
        """Whether a voice is heard. Not twice the same."""
        if on != self._speaking:
            self._speaking = on
            await self._tell(Speaking(turn=turn, on=on))

    async def partial(self, turn: int, utterance: str, certain: Sequence[Word], guess: Sequence[Word] = ()) -> None:
        """The open utterance: words that stay, and a guess at those after them. Not twice the same."""
        shown = (_text(certain), _text(guess))
        if shown != self._shown:
            self._shown = shown
            await self._tell(Partial(turn=turn, utterance=utterance, stable=shown[0], unstable=shown[1]))

    async def no_partial(self, turn: int, utterance: str, *, written: bool) -> None:
        """The utterance is over. Where it came to nothing, its guesses are taken off the screens."""
        shown, self._shown = self._shown, _NOTHING
        if shown != _NOTHING and not written:
            await self._tell(Partial(turn=turn, utterance=utterance, stable="", unstable=""))
        await self.forget_partial()

    async def forget_partial(self) -> None:
        """Whoever comes later is not told the words of an open utterance."""
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


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)
