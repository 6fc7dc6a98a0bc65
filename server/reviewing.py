"""What a coach is shown of a finished interview: the answers at once, the machine's marks once they were rated.

Decides when a rating is blind and what a sheet to rate on holds; never how ratings are kept (`ports.Reviews`) or what
follows from them (`scoring.review`).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from rooms.events import ParticipantJoined, ParticipantLeft, TurnScored
from rooms.evidence import Dimension, Score
from rooms.people import Role
from rooms.transcript import Transcript
from rooms.views import Sight, sight
from scoring.report import AskedQuestion, Override, Report, ReportTurn
from scoring.review import Rating
from scoring.rubric import Family, anchors_of
from server.ports import Record


class Seen(NamedTuple):
    """What a person knows of an interview before it is reviewed."""

    turns: frozenset[int]
    """The answers whose marks they were shown while the room was live."""
    own: bool
    """Whether they were its candidate."""


def shows_marks(role: Role) -> bool:
    """Whether who is in a room in this role is shown the machine's marks there."""
    return sight(TurnScored.model_fields["kind"].default, role) is not Sight.HIDDEN


def seen_live(records: Iterable[Record], person: str) -> Seen:
    """What this person saw of the machine's marks in the room itself."""
    here: set[str] = set()
    scored: set[int] = set()
    seen: set[int] = set()
    own = False
    for record in records:
        match record.event:
            case ParticipantJoined(participant=who) if who.id == f"{person}.{who.role.value}":
                own = own or who.role is Role.CANDIDATE
                if shows_marks(who.role):
                    here.add(record.event.connection)
                    seen |= scored  # whoever comes later is shown the room as it is
            case ParticipantLeft():
                here.discard(record.event.connection)
            case TurnScored():
                scored.add(record.event.turn)
                seen |= {record.event.turn} if here else set()
            case _:
                pass
    return Seen(frozenset(seen), own)


class SheetDimension(BaseModel):
    """What to rate, and what answers worth 1, 3 and 5 do."""

    dimension: Dimension
    low: str
    middle: str
    high: str


class SheetTurn(BaseModel):
    """An answer to rate. `machine` and `overrides` only for those who rated it, or had seen the marks before."""

    number: int
    question: AskedQuestion
    points: list[str]
    """What a strong answer says."""
    transcript: Transcript
    rating: Rating | None
    """Yours."""
    blind: bool
    """Whether your rating is or would be blind."""
    machine: Score | None
    overrides: list[Override]


class Sheet(BaseModel):
    room: str
    mode: str
    opened_at: int
    own: bool
    """Whether it is your own interview: your ratings of it are kept, and count for nothing else."""
    dimensions: list[SheetDimension]
    turns: list[SheetTurn]


def sheet(report: Report, seen: Seen, shown: bool, mine: Sequence[Rating], overrides: Sequence[Override]) -> Sheet:
    """A finished interview for one person. `report` is the machine's; `shown`: they were shown it whole."""
    ratings = {rating.turn: rating for rating in mine}
    return Sheet(
        room=report.room,
        mode=report.mode,
        opened_at=report.opened_at,
        own=seen.own,
        dimensions=[
            SheetDimension(dimension=dimension, low=each.low, middle=each.middle, high=each.high)
            for dimension, each in anchors_of(Family(report.mode)).items()
        ],
        turns=[
            _turn(turn, ratings.get(turn.number), shown or turn.number in seen.turns, overrides)
            for turn in report.turns
        ],
    )


def _turn(turn: ReportTurn, rating: Rating | None, knows: bool, overrides: Sequence[Override]) -> SheetTurn:
    told = rating is not None or knows
    return SheetTurn(
        number=turn.number,
        question=turn.question,
        points=[mark.criterion for mark in turn.score.marks] if turn.score else [],
        transcript=turn.transcript,
        rating=rating,
        blind=rating.blind if rating else not knows,
        machine=turn.score if told else None,
        overrides=[one for one in overrides if one.turn == turn.number] if told else [],
    )
