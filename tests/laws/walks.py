"""Walks through a room: lists of commands for hypothesis, mostly sensible, sometimes wild, from everybody in any order.

Every text that somebody may not see carries a mark of its own, so that a leak is found by searching for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from rooms import commands as c
from rooms import events as e
from rooms.commands import Command
from rooms.decide import PERMITTED, Decision, decide
from rooms.events import Event
from rooms.evidence import Delivery, Level, Mark, Score
from rooms.people import SYSTEM, Participant, Role
from rooms.phases import Phase
from rooms.refusals import Refusal
from rooms.state import Room, after
from rooms.transcript import Quote, Source, Utterance, Word

OPENED_AT = 1_795_000_000_000
NOTICE = "n-1"
SECRET_OF = {
    "note": "SECRET-NOTE",
    "why": "SECRET-WHY",
    "whisper": "SECRET-WHISPER",
    "score": "SECRET-SCORE",
    "chosen": "SECRET-CHOSEN",
    "expected": "SECRET-EXPECTED",
}

PEOPLE = (
    Participant(id="ada", name="Ada", role=Role.CANDIDATE),
    Participant(id="bob", name="Bob", role=Role.CANDIDATE),
    Participant(id="grace", name="Grace", role=Role.COACH),
    Participant(id="ida", name="Ida", role=Role.INTERVIEWER),
    Participant(id="ola", name="Ola", role=Role.OBSERVER),
    Participant(id="ada", name="Ada", role=Role.COACH),
)
"""Two want the one seat, and one wants to coach her own interview."""


class Step(NamedTuple):
    command: Command
    who: Participant
    now: int
    decision: Decision


@dataclass
class Walk:
    """A room after some commands, and how it got there."""

    room: Room | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def events(self) -> list[Event]:
        return [event for step in self.steps if not isinstance(step.decision, Refusal) for event in step.decision]

    def put(self, command: Command, who: Participant, now: int) -> None:
        decision = decide(self.room, command, who, now)
        self.steps.append(Step(command, who, now, decision))
        if not isinstance(decision, Refusal):
            for event in decision:
                self.room = after(self.room, event)


def spoken(name: str, text: str, start_ms: int) -> Utterance:
    words = tuple(
        Word(text=word, start_ms=start_ms + 300 * n, end_ms=start_ms + 300 * n + 250)
        for n, word in enumerate(text.split())
    )
    return Utterance(id=name, source=Source.VOICE, text=text, start_ms=start_ms, end_ms=words[-1].end_ms, words=words)


def score(quote: Quote | None) -> Score:
    marks = (
        Mark(point="p-1", criterion="A point", level=Level.PRESENT, quotes=(quote,), reason=SECRET_OF["score"])
        if quote
        else Mark(point="p-1", criterion="A point", level=Level.ABSENT, reason=SECRET_OF["score"]),
    )
    return Score(overall=3.0, marks=marks, scorer="local", weights="1.0.0")


def _turn(draw: st.DrawFn, room: Room | None) -> int:
    """Mostly the last turn, which is the open one if there is one."""
    last = len(room.turns) if room else 0
    return draw(st.sampled_from([last or 1] * 6 + [last + 1, max(1, last - 1), 1_000]))


def _question(draw: st.DrawFn) -> e.Question:
    kinds = [e.QuestionKind.NEW, e.QuestionKind.NEW, e.QuestionKind.FOLLOW_UP, e.QuestionKind.CHOSEN]
    kind = draw(st.sampled_from(kinds))
    return e.Question(id="q-1", text="What did you do?", difficulty=3, kind=kind, why=SECRET_OF["why"])


def _utterance(draw: st.DrawFn, room: Room | None) -> Utterance:
    known = [utterance.id for turn in (room.turns if room else ()) for utterance in turn.utterances]
    name = draw(st.sampled_from([f"u-{len(known)}"] * 5 + known[-1:]))
    text = draw(st.sampled_from(["um I cut it to one hour", "yes", "I led the change and errors fell by half"]))
    return spoken(name, text, draw(st.integers(0, 100_000)))


def _scored(draw: st.DrawFn, room: Room | None) -> c.RecordScore:
    unscored = [turn for turn in (room.turns if room else ()) if turn.score is None]
    turn = draw(st.sampled_from([t.number for t in unscored] or [1]))
    said = [u for t in unscored if t.number == turn for u in t.utterances]
    honest = Quote(utterance=said[0].id, text=said[0].text[:3], start_ms=0, end_ms=1) if said else None
    invented = Quote(utterance="u-0", text="never said this", start_ms=0, end_ms=1)
    quote = draw(st.sampled_from([honest, honest, honest, invented]))
    return c.RecordScore(turn=turn, score=score(quote), delivery=Delivery(words=1, speaking_ms=1))


Make = Callable[[st.DrawFn, Room | None], Command]

PERSONAL: dict[type[Command], Make] = {
    c.GiveConsent: lambda draw, _: c.GiveConsent(notice=draw(st.sampled_from([NOTICE, NOTICE, "old"]))),
    c.WithdrawConsent: lambda draw, _: c.WithdrawConsent(),
    c.OpenLobby: lambda draw, _: c.OpenLobby(),
    c.StartInterview: lambda draw, _: c.StartInterview(),
    c.OpenMicrophone: lambda draw, _: c.OpenMicrophone(
        stream=draw(st.sampled_from(["s-1", "s-2"])), sample_rate=draw(st.sampled_from([16_000, 16_000, 48_000]))
    ),
    c.BeginAnswer: lambda draw, room: c.BeginAnswer(turn=_turn(draw, room)),
    c.TypeAnswer: lambda draw, room: c.TypeAnswer(turn=_turn(draw, room), text=draw(st.text(min_size=1, max_size=8))),
    c.HoldTurn: lambda draw, room: c.HoldTurn(turn=_turn(draw, room)),
    c.FinishAnswer: lambda draw, room: c.FinishAnswer(turn=_turn(draw, room), stream="s-1", through=7),
    c.SkipQuestion: lambda draw, room: c.SkipQuestion(turn=_turn(draw, room)),
    c.RepeatQuestion: lambda draw, room: c.RepeatQuestion(turn=_turn(draw, room)),
    c.PauseInterview: lambda draw, _: c.PauseInterview(),
    c.ResumeInterview: lambda draw, _: c.ResumeInterview(),
    c.EndInterview: lambda draw, _: c.EndInterview(),
    c.Whisper: lambda draw, _: c.Whisper(text=SECRET_OF["whisper"]),
    c.TakeNote: lambda draw, _: c.TakeNote(text=SECRET_OF["note"]),
    c.ChooseNext: lambda draw, _: c.ChooseNext(question=SECRET_OF["chosen"]),
    c.TakeOver: lambda draw, _: c.TakeOver(),
    c.HandBack: lambda draw, _: c.HandBack(),
    c.AskOwn: lambda draw, _: c.AskOwn(text="And why?", points=(e.Expected(text=SECRET_OF["expected"]),)),
    c.WriteNext: lambda draw, _: c.WriteNext(text="And how?", points=(e.Expected(text=SECRET_OF["expected"]),)),
}
SYSTEMIC: dict[type[Command], Make] = {
    c.OpenRoom: lambda draw, _: c.OpenRoom(
        room="r-1",
        mode=e.Mode.TECHNICAL,
        length=draw(st.integers(3, 4)),
        notice=NOTICE,
        owner="owner",
        starts_at=draw(st.sampled_from([None, None, OPENED_AT + 20_000])),
    ),
    c.Join: lambda draw, _: c.Join(
        participant=draw(st.sampled_from(PEOPLE)), connection=f"w-1.{draw(st.integers(0, 5))}", worker="w-1"
    ),
    c.Leave: lambda draw, _: c.Leave(
        participant=draw(st.sampled_from(PEOPLE)).id, connection=f"w-1.{draw(st.integers(0, 5))}"
    ),
    c.Remind: lambda draw, _: c.Remind(),
    c.OpenOnTime: lambda draw, _: c.OpenOnTime(),
    c.WarnOfLimit: lambda draw, room: c.WarnOfLimit(
        turn=_turn(draw, room),
        counts_ms=(room.turn and room.turn.counts_ms) or 0 if room else 0,
        ends_ms=draw(st.integers(0, 100_000)),
    ),
    c.CallTime: lambda draw, room: c.CallTime(turn=_turn(draw, room)),
    c.Abandon: lambda draw, room: c.Abandon(empty_ms=(room.empty_ms or 0) if room else 0),
    c.NameTranscriber: lambda draw, _: c.NameTranscriber(label=draw(st.sampled_from(["Whisper", "PocketSphinx"]))),
    c.AskQuestion: lambda draw, room: c.AskQuestion(
        turn=draw(st.sampled_from([len(room.turns) + 1 if room else 1] * 5 + [1])), question=_question(draw)
    ),
    c.HearUtterance: lambda draw, room: c.HearUtterance(turn=_turn(draw, room), utterance=_utterance(draw, room)),
    c.CloseTurn: lambda draw, room: c.CloseTurn(
        turn=_turn(draw, room), reason=draw(st.sampled_from([None, None, e.Finish.SILENCE, e.Finish.SILENCE]))
    ),
    c.RecordScore: _scored,
    c.CloseRoom: lambda draw, _: c.CloseRoom(),
    c.NoteRestoration: lambda draw, _: c.NoteRestoration(through=draw(st.integers(0, 9))),
}


def _natural(room: Room | None) -> list[type[Command]]:
    """What moves this room on, so that walks get far."""
    if room is None:
        return [c.OpenRoom]
    match room.phase:
        case Phase.LOBBY if room.candidate is None:
            return [c.Join]
        case Phase.LOBBY if room.scheduled:
            return [c.OpenLobby, c.OpenOnTime, c.GiveConsent]
        case Phase.LOBBY:
            return [c.StartInterview, c.OpenMicrophone] if room.consented else [c.GiveConsent]
        case Phase.CHOOSING if room.questions_done:
            return [c.CloseRoom] if room.all_scored else [c.RecordScore]
        case Phase.CHOOSING:
            return [c.AskQuestion, c.RecordScore] if room.chair is None else [c.AskOwn]
        case Phase.ASKING:
            return [c.BeginAnswer, c.HearUtterance]
        case Phase.ANSWERING:
            return [c.HearUtterance, c.TypeAnswer, c.FinishAnswer, c.CloseTurn, c.WarnOfLimit]
        case Phase.SETTLING:
            return [c.HearUtterance, c.CloseTurn]
        case Phase.CLOSED:
            return [c.Join, c.Leave]


_ANY = [*PERSONAL, *SYSTEMIC]


@st.composite
def commands(draw: st.DrawFn, room: Room | None) -> tuple[Command, Participant]:
    """One command for this room, and who puts it: six in ten natural, three by somebody who may, one by anybody."""
    dice = draw(st.integers(0, 9))
    kind = draw(st.sampled_from(_natural(room) if dice < 6 else _ANY))
    command = (PERSONAL.get(kind) or SYSTEMIC[kind])(draw, room)
    in_room = [presence.participant for presence in room.people] if room else []
    everybody = [*in_room, *PEOPLE, SYSTEM]
    entitled = [who for who in [*in_room, SYSTEM] if who.role in PERMITTED[kind]]
    return command, draw(st.sampled_from(everybody if dice == 9 else entitled or everybody))


@st.composite
def walks(draw: st.DrawFn, most: int = 60) -> Walk:
    """A room after up to `most` commands."""
    walk, now = Walk(), OPENED_AT
    for _ in range(draw(st.integers(0, most))):
        now += draw(st.integers(-50, 5_000))  # the clocks of two workers differ a little
        walk.put(*draw(commands(walk.room)), now)
    return walk
