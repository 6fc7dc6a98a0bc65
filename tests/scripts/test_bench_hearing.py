"""The hearing bench counts as met only what was measured and met."""

from pathlib import Path

import pytest

from scripts.bench.hearing.rows import Given, InputMissingError, Mode, Outcome, Row, Section, table
from scripts.bench.hearing.sections import SECTIONS
from scripts.bench.hearing.streams import slope_percent

SECTION = Section("words", "Words", lambda given: [])
MET = Row.at_most("delay, p95 ms", 120.0, 150, Mode.CLOCK)
MISSED = Row.at_least("speed", 3.0, 4)


@pytest.mark.parametrize(
    ("outcome", "good"),
    [
        (Outcome(SECTION, [MET, Row("streams", 100)]), True),
        (Outcome(SECTION, [MET, MISSED]), False),
        (Outcome(SECTION, [MET], missing="no recordings"), False),
        (Outcome(SECTION, [MET], broken="OSError: no"), False),
    ],
)
def test_only_what_was_measured_to_its_end_and_met_is_good(outcome: Outcome, good: bool) -> None:
    assert outcome.good is good


def test_the_table_shouts_what_was_not_measured() -> None:
    text = table([Outcome(SECTION, [MET, MISSED], missing="no recordings in FOLDER")])
    assert "| delay, p95 ms | as the clock runs | 120.0 |  | at most 150 | met |" in text
    assert "| speed |  | 3.0 |  | at least 4 | **not met** |" in text
    assert "| **Words** | | | | | **not measured** |" in text
    assert text.endswith("**Words not measured: no recordings in FOLDER. It does not count as met.**")


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    given = Given(True, tmp_path / "nothing", 0.0, tmp_path, print)
    for ask in (given.recordings, given.weights):
        with pytest.raises(InputMissingError):
            ask()
    (tmp_path / "manifest.json").touch()
    assert given.recordings() == tmp_path


def test_sections_have_names_of_their_own() -> None:
    names = [section.name for section in SECTIONS]
    assert len(set(names)) == len(names)


def test_growth_is_a_share_of_the_mean_in_ten_minutes() -> None:
    samples = [(at, 1000 + at / 60) for at in range(0, 1800, 10)]
    assert slope_percent([(float(at), size) for at, size in samples]) == pytest.approx(10 / 1016 * 100, rel=0.01)
