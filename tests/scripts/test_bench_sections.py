"""One section of a bench that lacks something or breaks ends no other, and does not count as met."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bench import sections
from scripts.bench.rows import InputMissingError, Row, Section
from scripts.bench.scoring.sections import SECTIONS


def good(_: None) -> Iterator[Row]:
    yield Row.at_most("late, ms", 1.0, 2)


def short(_: None) -> Iterator[Row]:
    yield Row("seen before that", 7)
    raise InputMissingError("there is no recording")


def broken(_: None) -> Iterator[Row]:
    raise ZeroDivisionError("nothing was said")
    yield  # makes it a generator, as sections are


@pytest.mark.parametrize(("measures", "code"), [([good], 0), ([short, good], 1), ([broken, good], 1)])
def test_every_section_is_measured_and_all_must_be_good(
    measures: list, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sections, "KEPT", tmp_path)
    wanted = [Section(measure.__name__, measure.__name__, measure) for measure in measures]
    assert sections.run("toy", wanted, None, lambda _: None) == code
    assert "| late, ms |  | 1.0 |  | at most 2 | met |" in capsys.readouterr().out
    kept = json.loads(next(tmp_path.glob("toy-*.json")).read_text())["sections"]
    assert [(one["section"], len(one["rows"])) for one in kept] == [
        (measure.__name__, 0 if measure is broken else 1) for measure in measures
    ]


def test_sections_of_the_scoring_bench_have_names_of_their_own() -> None:
    assert len({section.name for section in SECTIONS}) == len({section.title for section in SECTIONS}) == len(SECTIONS)
