"""A room's story with the room after each event, per role, for the browser's mirror to be held to.

Run `python -m tests.laws.mirror_fixture` to write client/web/src/room/mirror.fixture.json after the fold changed.
Only the fields that an event changed are written; the browser's test keeps the rest from before.
"""

import json
from pathlib import Path
from typing import Any

from rooms import events as e
from rooms.events import Event
from rooms.evidence import Contribution, Delivery, Dimension, DimensionScore, Level, Mark, Pause, Score
from rooms.people import Participant, Role
from rooms.state import Room, after
from rooms.transcript import Quote, Source, Utterance, Word
from rooms.views import view

FIXTURE = Path(__file__).parents[2] / "client" / "web" / "src" / "room" / "mirror.fixture.json"

ANA = Participant(id="p-ana", name="Ana", role=Role.CANDIDATE)
BEN = Participant(id="p-ben", name="Ben", role=Role.COACH)
WRITTEN = e.Question(
    id=None, text="What did it cost?", kind=e.QuestionKind.OWN, points=(e.Expected(text="Names a figure"),)
)


def spoken(name: str, text: str, start_ms: int) -> Utterance:
    words = tuple(
        Word(text=word, start_ms=start_ms + 300 * n, end_ms=start_ms + 300 * n + 250, confidence=0.9)
        for n, word in enumerate(text.split())
    )
    return Utterance(id=name, source=Source.VOICE, text=text, start_ms=start_ms, end_ms=words[-1].end_ms, words=words)


def typed(name: str, text: str, at_ms: int) -> Utterance:
    return Utterance(id=name, source=Source.TYPED, text=text, start_ms=at_ms, end_ms=at_ms)


def score(utterance: Utterance, text: str) -> Score:
    found = Quote(utterance=utterance.id, text=text, start_ms=utterance.start_ms, end_ms=utterance.end_ms)
    return Score(
        overall=3.5,
        low=2.5,
        high=4.5,
        dimensions=(
            DimensionScore(
                dimension=Dimension.RESULT,
                score=3.5,
                low=2.5,
                high=4.5,
                contributions=(Contribution(label="a result with a number", value=3.5),),
                quotes=(found,),
            ),
            DimensionScore(dimension=Dimension.DEPTH, score=None, abstained="Too few words to judge depth."),
        ),
        marks=(
            Mark(point="result", criterion="Says what came of it", level=Level.PRESENT, quotes=(found,), reason="Yes."),
            Mark(point="lesson", criterion="Says what was learnt", level=Level.ABSENT, reason="Not said."),
        ),
        scorer="local",
        weights="1.0.0",
    )


def delivery(utterance: Utterance) -> Delivery:
    return Delivery(
        words=len(utterance.words),
        speaking_ms=utterance.end_ms - utterance.start_ms,
        words_per_minute=132.0 if utterance.words else None,
        pauses=(Pause(start_ms=utterance.start_ms + 250, end_ms=utterance.start_ms + 600),) if utterance.words else (),
    )


def story() -> tuple[Event, ...]:
    """Every kind of event at least once, and each way in which one changes what another left."""
    first = spoken("1.v.0", "Um we had a slow release", 9_000)
    second = spoken("1.v.1", "so I cut it to one hour", 14_000)
    written = typed("2.typed.0", "I would put a queue in front.", 40_000)
    return (
        e.RoomOpened(
            room="r-1",
            mode=e.Mode.BEHAVIOURAL,
            length=3,
            notice="2026-11",
            owner="owner",
            opened_at=1_795_000_000_000,
            starts_at=1_795_000_600_000,
        ),
        e.ParticipantJoined(participant=ANA, connection="c-1", worker="w-1"),
        e.ConsentGiven(participant=ANA.id, notice="2026-11"),
        e.ConsentWithdrawn(participant=ANA.id, at_ms=900),
        e.ConsentGiven(participant=ANA.id, notice="2026-11"),
        e.ParticipantLeft(participant=ANA.id, connection="c-1", at_ms=1_000),
        e.StartingSoon(starts_at=1_795_000_600_000),
        e.ParticipantJoined(participant=ANA, connection="c-1", worker="w-1", at_ms=2_000),
        e.LobbyOpened(by="greenroom"),
        e.TranscriberNamed(label="pocketsphinx", caution="Its words will often be wrong."),
        e.MicrophoneOpened(stream="s-1", offset_ms=4_000),
        e.InterviewStarted(),
        e.QuestionAsked(
            turn=1,
            question=e.Question(
                id="b-1", text="What went wrong?", difficulty=2, kind=e.QuestionKind.NEW, why="An easy opening."
            ),
            by="greenroom",
            at_ms=6_000,
        ),
        e.ParticipantJoined(participant=BEN, connection="c-2", worker="w-2"),
        e.ParticipantJoined(participant=BEN, connection="c-3", worker="w-2"),
        e.AnswerBegan(turn=1, at_ms=8_000),
        e.UtteranceHeard(turn=1, utterance=first),
        e.TurnHeld(turn=1),
        e.QuestionRepeated(turn=1),
        e.UtteranceHeard(turn=1, utterance=second),
        e.Whispered(by=BEN.id, text="Say what came of it.", at_ms=16_000),
        e.NoteTaken(by=BEN.id, text="Good pace.", at_ms=16_500),
        e.ParticipantJoined(participant=ANA, connection="c-4", worker="w-2"),
        e.ParticipantLeft(participant=ANA.id, connection="c-1"),
        e.AnswerFinished(turn=1, reason=e.Finish.DONE, stream="s-1", through=320),
        e.NextQuestionChosen(question=e.OWN, own=WRITTEN, by=BEN.id),
        e.NextQuestionChosen(question="b-7", by=BEN.id),
        e.TurnClosed(turn=1, reason=e.Finish.DONE, at_ms=20_000),
        e.TurnScored(turn=1, score=score(second, "cut it to one hour"), delivery=delivery(second)),
        e.QuestionAsked(
            turn=2,
            question=e.Question(id="b-7", text="How would you scale it?", kind=e.QuestionKind.CHOSEN),
            by="greenroom",
        ),
        e.TurnHeld(turn=2),
        e.AnswerBegan(turn=2, at_ms=39_000),
        e.UtteranceHeard(turn=2, utterance=written),
        e.RoomRestored(through=25, at_ms=40_500),
        e.TurnLimitNear(turn=2, at_ms=40_000, ends_ms=100_000),
        e.InterviewPaused(by=ANA.id, at_ms=41_000),
        e.ParticipantLeft(participant=ANA.id, connection="c-4", at_ms=41_500),
        e.InterviewResumed(by=BEN.id, at_ms=42_000),
        e.ParticipantJoined(participant=ANA, connection="c-5", worker="w-1", at_ms=43_000),
        e.TurnLimitNear(turn=2, at_ms=44_000, ends_ms=103_000),
        e.ParticipantLeft(participant=BEN.id, connection="c-2"),
        e.AnswerFinished(turn=2, reason=e.Finish.DONE),
        e.TurnClosed(turn=2, reason=e.Finish.DONE, at_ms=50_000),
        e.InterviewerChanged(to=BEN.id),
        e.QuestionAsked(turn=3, question=e.Question(id=None, text="And why?", kind=e.QuestionKind.OWN), by=BEN.id),
        e.AnswerFinished(turn=3, reason=e.Finish.SKIPPED),
        e.TurnClosed(turn=3, reason=e.Finish.SKIPPED, at_ms=60_000),
        e.InterviewerChanged(to=None),
        e.InterviewPaused(by=BEN.id, at_ms=60_100),
        e.EndRequested(by=ANA.id),
        e.TurnScored(turn=2, score=score(written, "a queue in front"), delivery=delivery(written)),
        e.ConsentWithdrawn(participant=ANA.id, at_ms=60_500),
        e.RoomClosed(at_ms=61_000, reason=e.Closing.WITHDRAWN),
    )


def steps(role: Role) -> list[dict[str, Any]]:
    """Each event as the role sees it, with the fields of the room that it changed."""
    room: Room | None = None
    written: list[dict[str, Any]] = []
    for event in story():
        seen = view(event, role)
        if seen is None:
            continue
        before = room.model_dump(mode="json") if room else {}
        room = after(room, seen)
        now = room.model_dump(mode="json")
        changes = {name: value for name, value in now.items() if before.get(name, before) != value}
        written.append({"event": seen.model_dump(mode="json"), "changes": changes})
    return written


def fixture() -> str:
    whole = {role.value: steps(role) for role in (Role.CANDIDATE, Role.COACH)}
    lines = [f'"{role}": [\n' + ",\n".join(json.dumps(step) for step in seen) + "\n]" for role, seen in whole.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FIXTURE.write_text(fixture())
