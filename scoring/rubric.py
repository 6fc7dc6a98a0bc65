"""What counts in an answer: rubric points of one question, and anchors of the six dimensions for each family.

Decides whether a rubric is complete and well formed. Never how an answer is measured against it.
"""

import tomllib
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from rooms.evidence import Dimension
from rooms.places import line_of
from rooms.values import Value

Text = Annotated[str, Field(min_length=3, max_length=400)]
SHOWN_CHARS = 80
"""So much of a question is shown where something is wrong with it."""


class RubricError(ValueError):
    """A rubric or its anchors do not hold together; the message names the file, the line and the place."""


class Family(StrEnum):
    """Families of questions. Each has its own anchors and weights; an interview mode is one of them."""

    BEHAVIOURAL = "behavioural"
    TECHNICAL = "technical"
    SYSTEM_DESIGN = "system_design"


class Criterion(Value):
    """One rubric point: something a strong answer says."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    text: Text
    """The point as a coach reads it."""
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Its share relative to the other points of the question."""
    cues: tuple[Annotated[str, Field(min_length=1, max_length=80)], ...] = ()
    """Words or phrases that are evidence for it; `<number>` stands for any number.

    `<result>`, `<reflection>` and `<doing>` stand for any phrase that names a result, a lesson, or an act of one's own.
    """


class Rubric(Value):
    """What counts in answers to one question. A question asked freely has no points and no reference."""

    question: Annotated[str, Field(min_length=1, max_length=2_000)]
    family: Family
    reference: Annotated[str, Field(max_length=8_000)] = ""
    """Outline of a strong answer, where there is one."""
    points: Annotated[tuple[Criterion, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [point.id for point in self.points]
        if len(ids) != len(set(ids)):
            raise ValueError("two rubric points have the same id")
        return self

    @classmethod
    def from_question(
        cls,
        question: str,
        family: str,
        *,
        reference: str = "",
        points: Iterable[tuple[str, str, float, Iterable[str]]] = (),
    ) -> Self:
        """A rubric from plain fields; each point is (id, text, weight, cues).

        Raises RubricError when a point or the family does not hold.
        """
        try:
            return cls(
                question=question,
                family=Family(family),
                reference=reference,
                points=tuple(Criterion(id=i, text=t, weight=w, cues=tuple(c)) for i, t, w, c in points),
            )
        except ValueError as wrong:
            shown = question if len(question) <= SHOWN_CHARS else question[:SHOWN_CHARS] + "…"
            raise RubricError(f"rubric of {shown!r}: {_first_reason(wrong)}") from wrong


class Anchors(Value):
    """What weak, middling and strong answers do in one dimension, so that two readers mean the same by a number."""

    dimension: Dimension
    low: Text
    """An answer worth 1."""
    middle: Text
    """An answer worth 3."""
    high: Text
    """An answer worth 5."""
    signs_for: Annotated[tuple[Text, ...], Field(min_length=1)]
    signs_against: Annotated[tuple[Text, ...], Field(min_length=1)]
    try_next: Text
    """One thing to do next time, spoken to the candidate."""

    def at(self, score: float) -> str:
        """The anchor nearest to a score."""
        return self.low if score < 2 else self.middle if score < 4 else self.high


def parse_anchors(text: str, file: str) -> dict[Dimension, Anchors]:
    """Anchors of all six dimensions from TOML. Raises RubricError naming the file, the dimension and what is wrong."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise RubricError(f"{file}: {wrong}") from wrong
    unknown = raw.keys() - {str(dimension) for dimension in Dimension}
    if unknown:
        line = line_of(text, (min(unknown),))
        raise RubricError(f"{file}, line {line}: no such dimension: {', '.join(sorted(unknown))}")
    anchors = {}
    for dimension in Dimension:
        if dimension not in raw:
            raise RubricError(f"{file}: no anchors for the dimension {dimension}")
        try:
            anchors[dimension] = Anchors(dimension=dimension, **raw[dimension])
        except (ValidationError, TypeError) as wrong:
            missing = wrong.errors()[0]["loc"] if isinstance(wrong, ValidationError) else ()
            line = line_of(text, (dimension.value, *missing))
            raise RubricError(f"{file}, line {line}: {dimension}: {_first_reason(wrong)}") from wrong
    return anchors


@lru_cache(maxsize=len(Family))
def anchors_of(family: Family) -> dict[Dimension, Anchors]:
    """The anchors that ship for a family of questions."""
    file = files("scoring") / "rubrics" / f"{family}.toml"
    return parse_anchors(file.read_text(encoding="utf-8"), file.name)


def _first_reason(wrong: Exception) -> str:
    if isinstance(wrong, ValidationError):
        first = wrong.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".removeprefix(": ")
    return str(wrong)
