"""The questions an interview can ask, as data: read, checked, frozen.

Decides whether a question is well formed and finds it by its id. Never which one comes next (`plan`).
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from rooms.events import Mode
from rooms.places import line_of
from rooms.values import Value

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=48)]
WEIGHTS_SUM = 10
"""The points of a question share ten, so that a weight can be read at a glance."""
IMPORTANT = 2
"""A point of this weight or more is worth a follow-up."""


class BankError(ValueError):
    """A question file does not hold; the message names the file, the line, the question and what is wrong."""


class UnknownQuestion(KeyError):
    """No question of the bank has this id."""


class Point(Value):
    """Something a strong answer says."""

    id: Slug
    text: Annotated[str, Field(min_length=10, max_length=160)]
    """The criterion as a coach reads it."""
    weight: Annotated[int, Field(ge=1, le=5)]
    cues: Annotated[tuple[Annotated[str, Field(min_length=2, max_length=60)], ...], Field(min_length=3, max_length=20)]
    """Words and phrases that are evidence for it; `<number>` stands for any number, `<result>` for any result."""


class FollowUp(Value):
    """What to ask when a point was missing or only touched."""

    text: Annotated[str, Field(min_length=15, max_length=200)]
    for_point: Slug


class Question(Value):
    """A question of the bank, with what a strong answer to it holds."""

    id: Slug
    mode: Mode
    competence: Annotated[str, Field(min_length=3, max_length=40)]
    difficulty: Annotated[int, Field(ge=1, le=5)]
    text: Annotated[str, Field(min_length=20, max_length=260)]
    """As an interviewer says it: one question, short enough to hold in the head."""
    reference: Annotated[str, Field(min_length=80, max_length=900)]
    """The outline of a strong answer, in two to four sentences. A candidate never sees it."""
    points: Annotated[tuple[Point, ...], Field(min_length=4, max_length=6)]
    follow_ups: Annotated[tuple[FollowUp, ...], Field(min_length=1, max_length=3)]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        ids = [point.id for point in self.points]
        if len(set(ids)) != len(ids):
            raise ValueError("two points have the same id")
        if sum(point.weight for point in self.points) != WEIGHTS_SUM:
            weights = sum(point.weight for point in self.points)
            raise ValueError(f"the weights of the points add up to {weights}, not {WEIGHTS_SUM}")
        for_points = [follow_up.for_point for follow_up in self.follow_ups]
        if strangers := set(for_points) - set(ids):
            raise ValueError(f"a follow-up asks for a point that is not there: {', '.join(sorted(strangers))}")
        if len(set(for_points)) != len(for_points):
            raise ValueError("two follow-ups ask for the same point")
        if self.text.count("?") > 1:
            raise ValueError("the text asks more than one question")
        return self

    def follow_up_for(self, point: str) -> FollowUp | None:
        return next((follow_up for follow_up in self.follow_ups if follow_up.for_point == point), None)


class RubricFields(NamedTuple):
    """What counts in answers to a question, in plain values: `Rubric.from_question(*...)` takes them as they are."""

    question: str
    family: str
    reference: str
    points: tuple[tuple[str, str, float, tuple[str, ...]], ...]
    """(id, text, weight, cues) of each point."""


class Bank(Value):
    """All questions, in the order of their files."""

    all: tuple[Question, ...]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        seen: set[str] = set()
        for question in self.all:
            if question.id in seen:
                raise ValueError(f"two questions have the id {question.id}")
            seen.add(question.id)
        return self

    def questions(self, mode: Mode | str) -> tuple[Question, ...]:
        """The questions of one mode."""
        return tuple(question for question in self.all if question.mode == mode)

    def by_id(self, id: str) -> Question:
        """The question with this id; for a follow-up's id (`question/point`) the question it follows.

        Raises UnknownQuestion.
        """
        main = id.partition("/")[0]
        for question in self.all:
            if question.id == main:
                return question
        raise UnknownQuestion(id)

    def holds(self, id: str) -> bool:
        """Whether a question can be chosen by this id."""
        return any(question.id == id for question in self.all)

    def rubric_fields(self, id: str) -> RubricFields:
        """What counts in answers to this question or follow-up. A follow-up asks for its one point.

        Raises UnknownQuestion.
        """
        question, point = self.by_id(id), id.partition("/")[2]
        if not point:
            points = tuple((p.id, p.text, float(p.weight), p.cues) for p in question.points)
            return RubricFields(question.text, str(question.mode), question.reference, points)
        follow_up = question.follow_up_for(point)
        if follow_up is None:
            raise UnknownQuestion(id)
        points = tuple((p.id, p.text, float(p.weight), p.cues) for p in question.points if p.id == point)
        return RubricFields(follow_up.text, str(question.mode), "", points)


def parse_questions(text: str, mode: Mode, file: str) -> tuple[Question, ...]:
    """The questions of one mode from TOML. Raises BankError naming the file and the question."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise BankError(f"{file}: {wrong}") from wrong
    if set(raw) != {"question"} or not isinstance(raw["question"], list):
        raise BankError(f"{file}: expected a list of [[question]] and nothing else")
    return tuple(_question(fields, at, mode, text, file) for at, fields in enumerate(raw["question"]))


def _question(fields: object, at: int, mode: Mode, text: str, file: str) -> Question:
    if not isinstance(fields, dict):
        raise BankError(f"{file}: question {at + 1}: not a table")
    try:
        return Question.model_validate({"mode": mode, **fields})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        line = line_of(text, ("question", at, *first["loc"]))
        place = ".".join(str(part) for part in first["loc"])
        said = f"{place}: {first['msg']}" if place else first["msg"]
        where = f"{file}, line {line}: question {at + 1} ({fields.get('id', 'no id')})"
        raise BankError(f"{where}: {said}") from wrong


def parse_bank(texts: Mapping[Mode, str]) -> Bank:
    """A bank from one TOML text for each mode. Raises BankError, for a missing mode and for ids used twice too."""
    if missing := set(Mode) - set(texts):
        raise BankError(f"no questions for {', '.join(sorted(missing))}")
    questions = tuple(q for mode in Mode for q in parse_questions(texts[mode], mode, f"{mode}.toml"))
    try:
        return Bank(all=questions)
    except ValidationError as wrong:
        raise BankError(wrong.errors()[0]["msg"]) from wrong


@lru_cache(maxsize=1)
def load_bank() -> Bank:
    """The bank that ships, read once."""
    folder = files("rooms.interview") / "questions"
    return parse_bank({mode: (folder / f"{mode}.toml").read_text(encoding="utf-8") for mode in Mode})
