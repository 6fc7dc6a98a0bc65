"""An utterance under way: its place in the turn and in time, its passages, and the words that they came to.

Decides its ids, so that a worker that hears the same audio again says the same thing again and the room takes it once.
Words once committed stay: the final text is its passages' words, joined.
"""

from collections import deque
from collections.abc import Callable, Iterable

from rooms import passages
from rooms.commands import HearUtterance
from rooms.passages import OpenUtterance, Passage
from rooms.transcript import AudioQuality, Source, Utterance, Word
from rooms.turns import WINDOW_MS
from server.hearing.recognition import Recognition
from server.ports import Hypothesis

Recognise = Callable[[], Recognition]


class Spoken:
    """Goes on from what is certain of an utterance; `recognise` is asked for each passage."""

    def __init__(self, begun: OpenUtterance, recognise: Recognise) -> None:
        self.turn, self.start_ms = begun.turn, begun.start_ms
        self.id = f"{begun.turn}.{begun.start_ms}"
        self.command_id = f"hear.{begun.stream}.{begun.stream_ms}"
        self.words = begun.words
        self._begun, self._passage, self._recognise = begun, begun.passage, recognise
        self._recognition = recognise()
        self._pending: list[bytes] = []
        self._lately: deque[bytes] = deque(maxlen=passages.RULES.overlap_ms // WINDOW_MS)

    @property
    def kept(self) -> OpenUtterance:
        """What is certain by now."""
        return self._begun.model_copy(update={"passage": self._passage, "words": self.words})

    def fill(self, samples: bytes) -> None:
        """A window that the open passage counts already: what it began with, or what is heard again."""
        self._pending.append(samples)
        self._lately.append(samples)

    def hear(self, samples: bytes, at_ms: int, *, voiced: bool) -> bool:
        """One more window. Gives whether the passage is over with it: `commit` is due."""
        self.fill(samples)
        self._passage = passages.hear(self._passage, at_ms, voiced)
        return passages.after(self._passage) is not None

    async def listen(self) -> Hypothesis | None:
        """Let the recogniser hear what was added; its latest guess at the open passage, if it has a new one."""
        return await self._recognition.hear(self._take()) if self._pending else None

    async def commit(self) -> None:
        """The passage is over: its words are certain. Raises TranscriberFailed; then it has none."""
        over, recognition, rest = self._passage, self._recognition, self._take()
        if follows := passages.after(over):
            self._begin(follows)
        if over.worth_recognising():
            self.words += tuple(self._placed(await recognition.finish(rest), over))
        else:
            await recognition.abandon()

    def over(self, end_ms: int, audio: AudioQuality | None = None) -> HearUtterance | None:
        """The utterance with its words in the room's time; None if there were none. Call `commit` before.

        `audio`: how well it arrived.
        """
        if not self.words:
            return None
        text = " ".join(word.text for word in self.words)
        utterance = Utterance(
            id=self.id,
            source=Source.VOICE,
            text=text,
            start_ms=self.start_ms,
            end_ms=end_ms,
            words=self.words,
            audio=audio,
        )
        return HearUtterance(turn=self.turn, utterance=utterance)

    async def abandon(self) -> None:
        await self._recognition.abandon()

    def _begin(self, passage: Passage) -> None:
        overlap = (passage.end_ms - passage.start_ms) // WINDOW_MS
        self._passage, self._recognition = passage, self._recognise()
        self._pending = list(self._lately)[-overlap:] if overlap else []

    def _take(self) -> bytes:
        pcm, self._pending = b"".join(self._pending), []
        return pcm

    def _placed(self, words: Iterable[Word], passage: Passage) -> Iterable[Word]:
        """The words of a passage in the room's time, none before the end of the one that was said before it."""
        floor = self.words[-1].end_ms if self.words else self.start_ms
        for word in words:
            if text := " ".join(word.text.split()):
                start = max(floor, passage.start_ms + word.start_ms)
                end = max(start, passage.start_ms + word.end_ms)
                floor = start
                yield Word(text=text, start_ms=start, end_ms=end, confidence=word.confidence)
