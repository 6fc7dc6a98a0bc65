"""A toy room that interviews by itself: asks, "hears" what is not silence, closes by silence, scores."""

from rooms import commands as c
from rooms.commands import Command
from rooms.events import Finish
from rooms.evidence import Delivery, Dimension, DimensionScore, Level, Mark, Score
from rooms.people import SYSTEM, Participant
from rooms.phases import Phase
from rooms.protocol import ServerMessage, unpack_frame
from rooms.refusals import Refusal
from rooms.transcript import Source, Utterance, Word, quote
from tests.client.toy import ToyRoom


class AutopilotRoom(ToyRoom):
    """Its interviewer, ear and scorer act as soon as they can."""

    def __init__(self, length: int = 3, deaf: bool = False, silence_ms: int = 300) -> None:
        self.loud_ms = self.silent_ms = 0
        self.deaf, self.busy, self.patience_ms = deaf, False, silence_ms
        super().__init__(length=length)

    def command(self, command: Command, who: Participant) -> Refusal | None:
        refusal = super().command(command, who)
        if refusal is None and not self.busy:
            self.busy = True
            while (next_one := self.next_command()) is not None:
                assert super().command(next_one, SYSTEM) is None
            self.busy = False
        return refusal

    def next_command(self) -> Command | None:
        """What Greenroom's own processes would put next."""
        room = self.room
        assert room is not None
        for turn in room.turns:
            if not turn.open and turn.score is None:
                return c.RecordScore(turn=turn.number, score=score(turn.utterances), delivery=delivery(turn.utterances))
        if room.phase is Phase.SETTLING and room.turn is not None:
            return self.hear() if self.loud_ms else c.CloseTurn(turn=room.turn.number)
        if room.phase is Phase.CHOOSING and not room.paused:
            return c.CloseRoom() if room.questions_done else self.question(f"Question {len(room.turns) + 1}?")
        return None

    def heard(self, message: bytes) -> list[ServerMessage]:
        kept = self.frames()
        answer = super().heard(message)
        frame = unpack_frame(message)
        turn = self.room.turn if self.room else None
        if turn is None or turn.finished is not None or self.deaf or self.frames() == kept:
            return answer
        if any(frame.pcm):
            self.loud_ms, self.silent_ms = self.loud_ms + frame.duration_ms, 0
        else:
            self.silent_ms += frame.duration_ms
        if self.loud_ms and self.silent_ms >= self.patience_ms:
            self.command(self.hear(), SYSTEM)
            self.command(c.CloseTurn(turn=turn.number, reason=Finish.SILENCE), SYSTEM)
        return answer

    def frames(self) -> int:
        """How many are kept: none twice."""
        return sum(map(len, self.audio.values()))

    def hear(self) -> c.HearUtterance:
        assert self.room is not None
        assert self.room.turn is not None
        number, words = self.room.turn.number, (f"spoke {self.loud_ms} ms").split()
        self.loud_ms = self.silent_ms = 0
        spoken = Utterance(
            id=f"{number}.voice",
            source=Source.VOICE,
            text=" ".join(words),
            start_ms=1_000 * number,
            end_ms=1_000 * number + 10 * len(words),
            words=tuple(
                Word(text=w, start_ms=1_000 * number + 10 * n, end_ms=1_000 * number + 10 * n + 10)
                for n, w in enumerate(words)
            ),
        )
        return c.HearUtterance(turn=number, utterance=spoken)


def score(utterances: tuple[Utterance, ...]) -> Score:
    if not utterances:
        return Score(overall=None, scorer="local", weights="1.0.0", abstained="Nothing was said.")
    said = quote(utterances[0], 0, 5)
    mark = Mark(point="p", criterion="Says something", level=Level.PRESENT, quotes=(said,), reason="It does.")
    clarity = DimensionScore(dimension=Dimension.CLARITY, score=3, low=2, high=4, quotes=(said,))
    return Score(overall=3, low=2, high=4, dimensions=(clarity,), marks=(mark,), scorer="local", weights="1.0.0")


def delivery(utterances: tuple[Utterance, ...]) -> Delivery:
    return Delivery(words=sum(len(u.words) for u in utterances), speaking_ms=1_000, words_per_minute=120.0)
