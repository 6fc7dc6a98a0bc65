"""The hearing bench counts as met only what was measured and met."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rooms.transcript import Word
from scripts.bench.hearing.given import Given
from scripts.bench.hearing.path import Passages
from scripts.bench.hearing.sections import SECTIONS
from scripts.bench.hearing.streams import slope_percent
from scripts.bench.hearing.words import Wrong, rates
from scripts.bench.rows import InputMissingError, Mode, Outcome, Row, Section, table
from tests.server.hearings import Echo, EchoStream

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


async def test_each_passage_is_also_recognised_bare_right_beside_and_in_turns_first() -> None:
    done: list[str] = []

    class Stream(EchoStream):
        async def finish(self, rest: bytes = b"") -> Sequence[Word]:
            done.append("ours")
            return await super().finish(rest)

    class Counting(Echo):
        def open(self, hints: Sequence[str] = (), room: str = "") -> Stream:
            return Stream()

    passages = Passages(Counting(), lambda passage: done.append(f"bare {len(passage)}"))
    for length in (64, 96, 128):
        await passages.open().finish(bytes(length))
    assert done == ["ours", "bare 64", "bare 96", "ours", "ours", "bare 128"]
    assert [len(passage) for passage in passages.heard] == [64, 96, 128]
    assert passages.bare_s > 0


def test_word_errors_are_told_of_a_recording_as_it_is_and_of_all_its_beginnings() -> None:
    wrong = [Wrong(20, [9, 6, 12], [4, 4, 6], 3), Wrong(30, [3, 3, 3], [3, 3, 3], 1)]
    row = wrong[0].row("jfk: words wrong")
    assert (row.ours, row.compared) == ("9 of 20", "4 offline; 3 passages; from other beginnings 6-12, offline 4-6")
    assert Wrong(171, [86], [89], 9).row("heard once").compared == "89 offline; 9 passages"
    as_they_are, of_all = (rates(wrong, "", some) for some in (slice(1), slice(None)))
    assert [row.ours for row in as_they_are] == pytest.approx([24.0, 10.0])
    assert [row.ours for row in of_all] == pytest.approx([24.0, 100 * 13 / 150])
    assert not as_they_are[1].met
    assert rates(wrong[1:], "", slice(None))[1].met
