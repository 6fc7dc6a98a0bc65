"""A room brought to a stage by commands, as in life, for the tests of its rules."""

from rooms import commands as c
from rooms import events as e
from rooms.commands import Command
from rooms.decide import Decision, decide
from rooms.events import Event
from rooms.evidence import Delivery, Score
from rooms.people import SYSTEM, Participant, Role
from rooms.refusals import Code, Refusal
from rooms.state import Room, after
from rooms.transcript import Source, Utterance, Word

OPENED_AT = 1_795_000_000_000
NOTICE = "n-1"
LENGTH = 3
STARTS_AT = OPENED_AT + 600_000

ADA = Participant(id="ada", name="Ada", role=Role.CANDIDATE)
BOB = Participant(id="bob", name="Bob", role=Role.CANDIDATE)
GRACE = Participant(id="grace", name="Grace", role=Role.COACH)
IDA = Participant(id="ida", name="Ida", role=Role.INTERVIEWER)
OLA = Participant(id="ola", name="Ola", role=Role.OBSERVER)
EVERYBODY = (ADA, GRACE, IDA, OLA, SYSTEM)

SCORE = Score(overall=None, scorer="local", weights="1.0.0", abstained="Nothing was said.")
DELIVERY = Delivery(words=0, speaking_ms=0)
OPEN = c.OpenRoom(room="r-1", mode=e.Mode.TECHNICAL, length=LENGTH, notice=NOTICE, owner="owner")


class Stage:
    """A room and its clock. `done` insists on being granted, `refused` on the opposite."""

    def __init__(self) -> None:
        self.room_or_none: Room | None = None
        self.now = OPENED_AT
        self.events: list[Event] = []

    @property
    def room(self) -> Room:
        assert self.room_or_none is not None
        return self.room_or_none

    def put(self, command: Command, who: Participant = SYSTEM) -> Decision:
        decision = decide(self.room_or_none, command, who, self.now)
        if not isinstance(decision, Refusal):
            for event in decision:
                self.room_or_none = after(self.room_or_none, event)
            self.events.extend(decision)
        return decision

    def done(self, command: Command, who: Participant = SYSTEM) -> tuple[Event, ...]:
        decision = self.put(command, who)
        assert not isinstance(decision, Refusal), decision
        return decision

    def refused(self, command: Command, who: Participant = SYSTEM) -> Code:
        decision = self.put(command, who)
        assert isinstance(decision, Refusal), decision
        return decision.code

    def join(self, who: Participant, connection: str = "") -> tuple[Event, ...]:
        return self.done(c.Join(participant=who, connection=connection or f"w-1.{who.id}", worker="w-1"))

    def leave(self, who: Participant, connection: str = "") -> tuple[Event, ...]:
        return self.done(c.Leave(participant=who.id, connection=connection or f"w-1.{who.id}"))

    @property
    def turn(self) -> int:
        return len(self.room.turns)


def nowhere() -> Stage:
    return Stage()


def lobby() -> Stage:
    """Open, with one person of each role in it."""
    stage = Stage()
    stage.done(OPEN)
    for who in EVERYBODY[:-1]:
        stage.join(who)
    return stage


def scheduled() -> Stage:
    """Planned for in ten minutes; everybody is here, and the candidate has consented."""
    stage = Stage()
    stage.done(OPEN.model_copy(update={"starts_at": STARTS_AT}))
    for who in EVERYBODY[:-1]:
        stage.join(who)
    stage.done(c.GiveConsent(notice=NOTICE), ADA)
    return stage


def consented() -> Stage:
    stage = lobby()
    stage.done(c.GiveConsent(notice=NOTICE), ADA)
    return stage


def choosing() -> Stage:
    """Started; the interviewer owes the first question."""
    stage = consented()
    stage.done(c.StartInterview(), ADA)
    return stage


def asking() -> Stage:
    stage = choosing()
    ask(stage)
    return stage


def answering() -> Stage:
    stage = asking()
    stage.now += 10_000
    stage.done(c.BeginAnswer(turn=1), ADA)
    return stage


def spoken_to() -> Stage:
    """An answer of which something was heard."""
    stage = answering()
    stage.done(c.HearUtterance(turn=1, utterance=spoken("u-1", "um we cut it to one hour")))
    return stage


def settling() -> Stage:
    stage = spoken_to()
    stage.done(c.FinishAnswer(turn=1, stream="s-1", through=9), ADA)
    return stage


def between() -> Stage:
    """The first turn closed and not scored."""
    stage = settling()
    stage.done(c.CloseTurn(turn=1))
    return stage


def scored() -> Stage:
    stage = between()
    stage.done(record(1))
    return stage


def paused() -> Stage:
    stage = spoken_to()
    stage.done(c.PauseInterview(), ADA)
    return stage


def taken_over() -> Stage:
    """Grace in the interviewer's chair, no question open."""
    stage = choosing()
    stage.done(c.TakeOver(), GRACE)
    return stage


def ending() -> Stage:
    """The end was asked for; a score is missing."""
    stage = between()
    stage.done(c.EndInterview(), ADA)
    return stage


def withdrawn() -> Stage:
    """Consent was taken back in the second answer; the first has no score."""
    stage = between()
    ask(stage)
    stage.done(c.WithdrawConsent(), ADA)
    return stage


def closed() -> Stage:
    stage = ending()
    stage.done(record(1))
    stage.done(c.CloseRoom())
    return stage


def ask(stage: Stage, kind: e.QuestionKind = e.QuestionKind.NEW) -> tuple[Event, ...]:
    return stage.done(c.AskQuestion(turn=stage.turn + 1, question=question(kind)))


def whole_turn(stage: Stage) -> None:
    """One more question, skipped and scored."""
    ask(stage)
    stage.done(c.SkipQuestion(turn=stage.turn), ADA)
    stage.done(c.CloseTurn(turn=stage.turn))
    stage.done(record(stage.turn))


def question(kind: e.QuestionKind = e.QuestionKind.NEW) -> e.Question:
    return e.Question(id="q-1", text="What did you do?", difficulty=3, kind=kind, why="An easy opening.")


def record(turn: int, score: Score = SCORE) -> c.RecordScore:
    return c.RecordScore(turn=turn, score=score, delivery=DELIVERY)


def spoken(name: str, text: str, start_ms: int = 12_000) -> Utterance:
    words = tuple(
        Word(text=word, start_ms=start_ms + 300 * n, end_ms=start_ms + 300 * n + 250)
        for n, word in enumerate(text.split())
    )
    return Utterance(id=name, source=Source.VOICE, text=text, start_ms=start_ms, end_ms=words[-1].end_ms, words=words)
