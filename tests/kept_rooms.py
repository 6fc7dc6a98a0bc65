"""Logs of interviews, made by hand, for what keeps and reads them.

`interview()` is whole: spoken, typed and skipped answers, two quotes under one mark, an abstention, a caution, and
characters that databases dislike.
"""

from collections.abc import Sequence
from hashlib import sha256

from rooms import events as e
from rooms.events import EVENT, Event
from rooms.evidence import Contribution, Delivery, Dimension, DimensionScore, Level, Mark, Pause, Score
from rooms.people import SYSTEM, Participant, Role
from rooms.transcript import Source, Utterance, Word, quote
from server.ports import Record

OPENED_AT = 1_795_255_200_000
EPOCH = "epoch-1"
AWKWARD = 'Nul \x00, "quotes", \\, é, 🙂 and \u2028 too'


def chain(events: Sequence[Event], branch: str = "") -> list[Record]:
    """The events as a log has them. Another `branch` gives other tags."""
    records: list[Record] = []
    for version, event in enumerate(events, 1):
        before = records[-1].tag if records else ""
        tag = sha256(f"{branch}{before}{EVENT.dump_json(event).decode()}".encode()).hexdigest()[:8]
        records.append(Record(version, tag, before, OPENED_AT + 100 * version, f"c-{branch}{version}", event))
    return records


def behind(record: Record, tag: str) -> Record:
    """The record, as if it came behind another one."""
    return Record(record.version, record.tag, tag, record.at, record.command, record.event)


def newer(last: Record) -> Record:
    """What only a release after this one reads, right behind this record."""
    return Record(last.version + 1, "newer", last.tag, last.at + 1, "next-1", b'{"kind":"turn_sung","turn":1}')


def interview(room: str = "r-1", owner: str = "owner", closed_ms: int = 300_000) -> list[Record]:
    """A whole interview of three turns, closed."""
    return chain([*opening(room, owner), *spoken_turn(1), *typed_turn(2), *skipped_turn(3), closing(closed_ms)])


def opening(room: str = "r-1", owner: str = "owner") -> list[Event]:
    candidate = Participant(id="person-1", name="Ada", role=Role.CANDIDATE)
    coach = Participant(id="person-2", name="Grace", role=Role.COACH)
    return [
        e.RoomOpened(room=room, mode=e.Mode.BEHAVIOURAL, length=3, notice="2026-11", owner=owner, opened_at=OPENED_AT),
        e.ParticipantJoined(participant=candidate, connection="k-1", worker="w-1"),
        e.ParticipantJoined(participant=coach, connection="k-2", worker="w-2"),
        e.TranscriberNamed(label="PocketSphinx en-us", caution="Words will often be wrong."),
        e.ConsentGiven(participant="person-1", notice="2026-11"),
        e.MicrophoneOpened(stream="s-1", offset_ms=900),
        e.InterviewStarted(),
    ]


def spoken_turn(turn: int) -> list[Event]:
    begin = 60_000 * turn
    said = spoken(f"{turn}.voice.0", "um we moved the ledger to Postgres and errors fell by half", begin + 2_000)
    marks = (
        Mark(
            point="acted",
            criterion="Says what they did themselves",
            level=Level.PRESENT,
            quotes=(quote(said, 3, 34), quote(said, 39, 58)),
            reason="Names the move and what came of it.",
        ),
        Mark(point="learnt", criterion="Says what they learnt", level=Level.ABSENT, reason="Nothing of it was said."),
    )
    dimensions = (
        DimensionScore(
            dimension=Dimension.RELEVANCE,
            score=3.5,
            low=2.5,
            high=4.5,
            contributions=(Contribution(label="recall", value=3.5),),
            quotes=(quote(said, 3, 34),),
        ),
        DimensionScore(dimension=Dimension.DEPTH, score=None, abstained="Too few words."),
    )
    score = Score(
        overall=3.0, low=2.0, high=4.0, dimensions=dimensions, marks=marks, scorer="local", weights="1.0.0",
        caution="The words are often wrong.",
    )  # fmt: skip
    delivery = Delivery(
        words=11,
        speaking_ms=4_400,
        words_per_minute=150.0,
        articulation_rate=3.75,
        pauses=(Pause(start_ms=begin + 3_000, end_ms=begin + 3_400),),
        fillers=(quote(said, 0, 2),),
        fillers_per_minute=13.6,
        thinking_ms=1_200,
    )
    return [
        asked(turn, "b-01"),
        e.AnswerBegan(turn=turn, at_ms=begin),
        e.UtteranceHeard(turn=turn, utterance=said),
        e.AnswerFinished(turn=turn, reason=e.Finish.SILENCE),
        e.TurnClosed(turn=turn, reason=e.Finish.SILENCE, at_ms=begin + 9_000),
        e.TurnScored(turn=turn, score=score, delivery=delivery),
    ]


def typed_turn(turn: int) -> list[Event]:
    begin = 60_000 * turn
    typed = Utterance(id=f"{turn}.typed.0", source=Source.TYPED, text=AWKWARD, start_ms=begin, end_ms=begin)
    score = Score(overall=None, scorer="local", weights="1.0.0", abstained="Too few words to tell.")
    return [
        asked(turn, "b-02"),
        e.AnswerBegan(turn=turn, at_ms=begin),
        e.UtteranceHeard(turn=turn, utterance=typed),
        e.AnswerFinished(turn=turn, reason=e.Finish.DONE),
        e.TurnClosed(turn=turn, reason=e.Finish.DONE, at_ms=begin + 20_000),
        e.TurnScored(turn=turn, score=score, delivery=Delivery(words=6, speaking_ms=0)),
    ]


def skipped_turn(turn: int) -> list[Event]:
    score = Score(overall=None, scorer="local", weights="1.0.0", abstained="Nothing was said.")
    return [
        asked(turn, "b-03"),
        e.AnswerFinished(turn=turn, reason=e.Finish.SKIPPED),
        e.TurnClosed(turn=turn, reason=e.Finish.SKIPPED, at_ms=60_000 * turn + 1_000),
        e.TurnScored(turn=turn, score=score, delivery=Delivery(words=0, speaking_ms=0)),
    ]


def closing(closed_ms: int = 300_000) -> Event:
    return e.RoomClosed(at_ms=closed_ms)


def asked(turn: int, question: str) -> Event:
    return e.QuestionAsked(
        turn=turn,
        by=SYSTEM.id,
        question=e.Question(
            id=question,
            text="Tell me about a time when you improved something.",
            competence="initiative",
            difficulty=2,
            kind=e.QuestionKind.NEW,
            why="A first question of middling difficulty.",
        ),
    )


def spoken(utterance: str, text: str, start_ms: int) -> Utterance:
    """An utterance whose words take 300 ms each, with 100 ms between them."""
    words = tuple(
        Word(text=word, start_ms=start_ms + 400 * place, end_ms=start_ms + 400 * place + 300, confidence=0.5)
        for place, word in enumerate(text.split())
    )
    return Utterance(
        id=utterance, source=Source.VOICE, text=text, start_ms=start_ms, end_ms=words[-1].end_ms, words=words
    )
