"""An utterance under way: its place in the turn and in time, its audio, and the words it comes to.

Decides its ids, so that a worker that hears the same audio again says the same thing again and the room takes it once.
"""

from collections.abc import Iterable

from rooms.commands import HearUtterance
from rooms.transcript import Source, Utterance, Word
from server.hearing.recognition import Recognition
from server.ports import Hypothesis


class Spoken:
    """`start_ms` counts from the room's opening, `stream_ms` is the same moment on the microphone's own clock."""

    def __init__(self, turn: int, stream: str, stream_ms: int, start_ms: int, recognition: Recognition) -> None:
        self.turn, self.start_ms = turn, start_ms
        self.id = f"{turn}.{start_ms}"
        self.command_id = f"hear.{stream}.{stream_ms}"
        self._recognition = recognition
        self._pending: list[bytes] = []

    def add(self, samples: bytes) -> None:
        self._pending.append(samples)

    async def listen(self) -> Hypothesis | None:
        """Let the recogniser hear what was added; its latest guess, if it has a new one."""
        if not self._pending:
            return None
        pcm, self._pending = b"".join(self._pending), []
        return await self._recognition.hear(pcm)

    async def over(self, end_ms: int) -> HearUtterance | None:
        """The utterance with its words in the room's time; None if there were none. Raises TranscriberFailed."""
        await self.listen()
        words = tuple(self._placed(await self._recognition.finish()))
        if not words:
            return None
        text = " ".join(word.text for word in words)
        utterance = Utterance(
            id=self.id, source=Source.VOICE, text=text, start_ms=self.start_ms, end_ms=end_ms, words=words
        )
        return HearUtterance(turn=self.turn, utterance=utterance)

    async def abandon(self) -> None:
        await self._recognition.abandon()

    def _placed(self, words: Iterable[Word]) -> Iterable[Word]:
        for word in words:
            if text := " ".join(word.text.split()):
                start, end = self.start_ms + word.start_ms, self.start_ms + word.end_ms
                yield Word(text=text, start_ms=start, end_ms=end, confidence=word.confidence)
