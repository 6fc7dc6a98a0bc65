"""What a section of a bench gives, and how that looks as a table.

Decides the shape of a row and when a target counts as met; measures nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from scripts.bench.table import verdict


class Mode(StrEnum):
    """Whose time a latency counts in (`scripts.bench.hearing` explains them). Not every figure is a latency."""

    CLOCK = "as the clock runs"
    FREE = "as if computing were free"
    OFFLINE = "offline"
    NONE = ""


class Row(NamedTuple):
    """One line of the table."""

    what: str
    """With its unit: "speech-start event, p95 ms"."""
    ours: float | str
    """A figure, or words where a figure would mislead."""
    mode: Mode = Mode.NONE
    compared: str = ""
    """What it stands beside: another's figure and whose, or the same measured another way."""
    target: str = ""
    """In words: "at most 150"."""
    met: bool | None = None
    """None: there is no target."""
    digits: int = 1

    @classmethod
    def at_most(
        cls, what: str, ours: float, limit: float, mode: Mode = Mode.NONE, compared: str = "", digits: int = 1
    ) -> "Row":
        return cls(what, ours, mode, compared, f"at most {limit:g}", ours <= limit, digits)

    @classmethod
    def at_least(
        cls, what: str, ours: float, limit: float, mode: Mode = Mode.NONE, compared: str = "", digits: int = 1
    ) -> "Row":
        return cls(what, ours, mode, compared, f"at least {limit:g}", ours >= limit, digits)


class InputMissingError(Exception):
    """A section cannot be measured here; the text says what it needs, in a sentence."""


class Section(NamedTuple):
    name: str
    title: str
    measure: Callable[[Any], Iterable[Row]]
    """Called once with what the bench was given, in its process; an asyncio loop is the section's own to start."""


class Outcome(NamedTuple):
    """What became of a section."""

    section: Section
    rows: Sequence[Row]
    missing: str = ""
    """Why it could not be measured, or could not be measured to its end."""
    broken: str = ""
    """The error with which it ended."""

    @property
    def good(self) -> bool:
        """Whether it was measured and every target in it is met."""
        return not self.missing and not self.broken and all(row.met is not False for row in self.rows)


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown: all sections in one table, and below it what was not measured."""
    lines = ["| | mode | ours | compared to | target | met? |", "|---|---|---|---|---|---|"]
    for outcome in outcomes:
        lines.append(f"| **{outcome.section.title}** | | | | | {_whole(outcome)} |")
        lines += [_line(row) for row in outcome.rows]
    return "\n".join([*lines, *map(_shout, filter(_is_short, outcomes))])


def _line(row: Row) -> str:
    ours = row.ours if isinstance(row.ours, str) else f"{row.ours:,.{row.digits}f}"
    met = "" if row.met is None else verdict(row.met)
    return f"| {row.what} | {row.mode} | {ours} | {row.compared} | {row.target} | {met} |"


def _whole(outcome: Outcome) -> str:
    return "**not measured**" if outcome.missing else "**broken**" if outcome.broken else ""


def _is_short(outcome: Outcome) -> bool:
    return bool(outcome.missing or outcome.broken)


def _shout(outcome: Outcome) -> str:
    why = f"not measured: {outcome.missing}" if outcome.missing else f"broke: {outcome.broken}"
    return f"\n**{outcome.section.title} {why}. It does not count as met.**"
