"""A room as its events left it: `after(room, event)` and `replay(events)`.

Decides nothing: it only remembers. Anything that can refuse belongs in `decide`. The server, the Python client
and (in TypeScript) the browser fold the same events with the same rules, so all of them see the same room.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import assert_never, cast

from rooms import events as e
from rooms.events import Event
from rooms.evidence import Delivery, JudgePolicy, Score
from rooms.people import SYSTEM, Id, Participant, Role
from rooms.phases import Phase, following
from rooms.transcript import Source, Transcript, Utterance
from rooms.values import Milliseconds, Value


class Presence(Value):
    """A participant and the connections that hold them in the room. None left: away."""

    participant: Participant
    connections: tuple[Id, ...] = ()

    @property
    def here(self) -> bool:
        return bool(self.connections)


class Turn(Value):
    """One question and its answer."""

    number: e.TurnNumber
    question: e.Question
    by: Id
    began_ms: Milliseconds | None = None
    """When the candidate got the floor."""
    counts_ms: Milliseconds | None = None
    """From when the answer's time counts: the floor (or the asking), moved on by as long as the clock stood still."""
    limit_ms: Milliseconds | None = None
    """When the answer is ended, once that was announced."""
    held: bool = False
    utterances: tuple[Utterance, ...] = ()
    finished: e.AnswerFinished | None = None
    closed_ms: Milliseconds | None = None
    score: Score | None = None
    delivery: Delivery | None = None

    @property
    def transcript(self) -> Transcript:
        return Transcript(utterances=self.utterances)

    @property
    def open(self) -> bool:
        return self.closed_ms is None

    @property
    def may_end_by_silence(self) -> bool:
        """Only a spoken answer ends by silence, and not while the candidate asked for a moment."""
        return bool(self.utterances) and self.utterances[-1].source is Source.VOICE and not self.held


class Line(Value):
    """A whisper or a note."""

    by: Id
    text: str
    at_ms: Milliseconds


class Room(Value):
    """The whole state of a room. Also its snapshot: as JSON, folded from the events that a role may see."""

    id: Id
    mode: e.Mode
    length: int
    notice: str
    owner: Id
    opened_at: int
    starts_at: int | None = None
    """Milliseconds since 1970, UTC: when the interview is to begin, if that was planned."""
    scheduled: bool = False
    """Whether it waits for that time."""
    reminded: bool = False
    profile: e.Profile = e.Profile.INTERVIEW
    seniority: e.Seniority | None = None
    weights: str | None = None
    """The version of the weights that mark this room. None: the newest that ships."""
    encoder: str | None = None
    """The sha256 of the sentence encoder that reads answers to questions with a model answer. None: words alone."""
    judging: JudgePolicy | None = None
    """How judges mark besides the rules. None: rules alone, or nothing was said of it."""
    terms: e.Terms = ()
    """Names and terms that may be said. Only who coaches sees them: they may be what a good answer holds."""
    phase: Phase = Phase.LOBBY
    paused: bool = False
    stopped_ms: Milliseconds | None = None
    """Since when the answer's clock stands still: the interview is paused, or the candidate is away."""
    consented: bool = False
    candidate: Id | None = None
    """Who holds the candidate's seat: for the life of the room once they consented."""
    people: tuple[Presence, ...] = ()
    empty_ms: Milliseconds | None = 0
    """Since when nobody is here."""
    chair: Id | None = None
    """Who interviews: a person, or None for the AI interviewer."""
    turns: tuple[Turn, ...] = ()
    chosen: Id | None = None
    """The question from the bank that a coach wants next; OWN for one that they wrote."""
    written: e.Question | None = None
    """That one."""
    microphone: e.MicrophoneOpened | None = None
    transcriber: e.TranscriberNamed | None = None
    whispers: tuple[Line, ...] = ()
    notes: tuple[Line, ...] = ()
    ending: bool = False
    closing: e.Closing | None = None
    """Why it ends or ended."""
    closed_ms: Milliseconds | None = None
    restored: e.RoomRestored | None = None
    """The last time that the log had to be written anew."""

    @property
    def turn(self) -> Turn | None:
        """The open turn."""
        return self.turns[-1] if self.turns and self.turns[-1].open else None

    @property
    def full(self) -> bool:
        """Whether there is no number left for another turn."""
        return len(self.turns) >= e.MAX_TURNS

    @property
    def questions_done(self) -> bool:
        """Whether the interviewer owes no further question."""
        return (
            self.ending or self.full or (self.chair is None and self.chosen is None and len(self.turns) >= self.length)
        )

    @property
    def withdrawn(self) -> bool:
        """Whether the candidate took consent back during the interview: nothing more is heard or scored."""
        return self.closing is e.Closing.WITHDRAWN

    @property
    def all_scored(self) -> bool:
        """Whether no score is owed any more."""
        return self.withdrawn or all(turn.score is not None for turn in self.turns if not turn.open)

    def presence(self, participant: str) -> Presence | None:
        for presence in self.people:
            if presence.participant.id == participant:
                return presence
        return None


_LINES: Mapping[type[Event], str] = MappingProxyType({e.Whispered: "whispers", e.NoteTaken: "notes"})
"""Where a room keeps them."""


def replay(events: Iterable[Event], room: Room | None = None) -> Room | None:
    """The room that these events made, or made of `room`; None for no events at all.

    Lines behind each other are added together: each alone copies all that were said before it.
    """
    for kind, run in groupby(events, type):
        if room is not None and kind in _LINES:
            room = _with_lines(room, kind, cast("Iterable[e.Whispered | e.NoteTaken]", run))
            continue
        for event in run:
            room = after(room, event)
    return room


def after(room: Room | None, event: Event) -> Room:
    """The room after one more event. The first event of a room is RoomOpened, and only the first."""
    if isinstance(event, e.RoomOpened):
        return Room(
            id=event.room,
            mode=event.mode,
            length=event.length,
            notice=event.notice,
            owner=event.owner,
            opened_at=event.opened_at,
            starts_at=event.starts_at,
            scheduled=event.starts_at is not None and event.starts_at > event.opened_at,
            profile=event.profile,
            seniority=event.seniority,
            weights=event.weights,
            encoder=event.encoder,
            judging=event.judging,
            terms=event.terms,
        )
    if room is None:
        raise ValueError(f"a room begins with room_opened, not {event.kind}")
    changed, phase = _changed(room, event), following(room.phase, event.kind)
    return changed if changed.phase is phase else changed.but(phase=phase)


def _changed(room: Room, event: Event) -> Room:
    match event:  # the most frequent first: each case is asked in turn
        case e.UtteranceHeard():
            return _heard(room, event)
        case e.Whispered() | e.NoteTaken():
            return _with_lines(room, type(event), (event,))
        case e.ParticipantJoined():
            return _clocked(_joined(room, event), event.at_ms)
        case e.ParticipantLeft():
            return _clocked(_left(room, event), event.at_ms)
        case e.StartingSoon():
            return room.but(reminded=True)
        case e.LobbyOpened():
            return room.but(scheduled=False)
        case e.ConsentGiven():
            return room.but(consented=True)
        case e.ConsentWithdrawn():
            closing = e.Closing.WITHDRAWN if room.ending else None
            return room.but(consented=False, microphone=None, closing=closing)
        case e.TranscriberNamed():
            return room.but(transcriber=event)
        case e.MicrophoneOpened():
            return room.but(microphone=event)
        case e.QuestionAsked():
            turn = Turn(number=event.turn, question=event.question, by=event.by, counts_ms=event.at_ms)
            return room.but(turns=(*room.turns, turn), chosen=None, written=None)
        case e.AnswerBegan():
            return _with_turn(room, event.turn, began_ms=event.at_ms, counts_ms=event.at_ms)
        case e.TurnHeld():
            return _with_turn(room, event.turn, held=True)
        case e.TurnLimitNear():
            return _with_turn(room, event.turn, limit_ms=event.ends_ms)
        case e.AnswerFinished():
            return _with_turn(room, event.turn, finished=event)
        case e.TurnClosed():
            return _with_turn(room, event.turn, closed_ms=event.at_ms)
        case e.TurnScored():
            return _with_turn(room, event.turn, score=event.score, delivery=event.delivery)
        case e.NextQuestionChosen():
            return room.but(chosen=event.question, written=event.own)
        case e.InterviewerChanged():
            return room.but(chair=event.to)
        case e.InterviewPaused():
            return _clocked(room.but(paused=True), event.at_ms)
        case e.InterviewResumed():
            return _clocked(room.but(paused=False), event.at_ms)
        case e.EndRequested():
            closing = e.Closing.ABANDONED if event.by == SYSTEM.id else e.Closing.ENDED
            return room.but(ending=True, paused=False, closing=closing)
        case e.RoomClosed():
            return room.but(closed_ms=event.at_ms, closing=event.reason)
        case e.RoomRestored():
            return room.but(restored=event)
        case e.RoomOpened() | e.InterviewStarted() | e.QuestionRepeated():
            return room
        case _:
            assert_never(event)


def _joined(room: Room, event: e.ParticipantJoined) -> Room:
    who = event.participant
    before = room.presence(who.id)
    connections = (*(before.connections if before else ()), event.connection)
    if who.role is Role.CANDIDATE:
        connections = (event.connection,)  # a second device takes over; the first is told to go
    now = Presence(participant=who, connections=connections)
    people = tuple(now if p is before else p for p in room.people) if before else (*room.people, now)
    candidate = who.id if who.role is Role.CANDIDATE else room.candidate
    return room.but(people=people, candidate=candidate, empty_ms=None)


def _left(room: Room, event: e.ParticipantLeft) -> Room:
    people = tuple(
        p.but(connections=tuple(c for c in p.connections if c != event.connection))
        if p.participant.id == event.participant
        else p
        for p in room.people
    )
    empty_ms = None if any(p.here for p in people) else event.at_ms or 0
    return room.but(people=people, empty_ms=empty_ms)


def _clocked(room: Room, at_ms: Milliseconds | None) -> Room:
    """The room with its answer's clock stopped or going again. Without a time (an older log) nothing is counted."""
    seat = room.presence(room.candidate) if room.candidate else None
    stands, stood_ms, turn = room.paused or seat is None or not seat.here, room.stopped_ms, room.turn
    if stands == (stood_ms is not None):
        return room
    room = room.but(stopped_ms=at_ms if stands else None)
    if turn is None:
        return room
    counts_ms = turn.counts_ms
    if stood_ms is not None and at_ms is not None and counts_ms is not None:
        counts_ms += max(1, at_ms - max(stood_ms, counts_ms))  # always another: a timer goes by this number
    return _with_turn(room, turn.number, counts_ms=counts_ms, limit_ms=None)


def _with_lines(room: Room, kind: type[Event], said: Iterable[e.Whispered | e.NoteTaken]) -> Room:
    """All of them of this kind."""
    kept = _LINES[kind]
    lines = (Line.known(by=line.by, text=line.text, at_ms=line.at_ms) for line in said)
    return room.but(**{kept: (*getattr(room, kept), *lines)})


def _heard(room: Room, event: e.UtteranceHeard) -> Room:
    turn = room.turns[event.turn - 1]
    held = turn.held and event.utterance.source is Source.TYPED  # speaking again ends the moment asked for
    return _with_turn(room, event.turn, utterances=(*turn.utterances, event.utterance), held=held)


def _with_turn(room: Room, number: int, **changes: object) -> Room:
    turn = room.turns[number - 1].but(**changes)
    return room.but(turns=(*room.turns[: number - 1], turn, *room.turns[number:]))
