"""A CSV of declared groups, and what becomes of it."""

import csv
from pathlib import Path
from typing import Any, cast

import pytest

from client.api import Greenroom
from client.errors import UnwritableError
from client.fairness import UnreadableGroups, declared, keep, table, word_error

GROUP = {
    "group": "=a",
    "people": 6,
    "withheld": False,
    "small": True,
    "reference": False,
    "adverse": True,
    "mean": 2.5,
    "distance": None,
    "rate": 0.5,
    "impact_ratio": 0.62,
    "correlation_gap": None,
    "word_error": 0.1,
    "abstention": 0.0,
}
FOUND = {"fairness": {"groups": [GROUP], "notes": ["Small."]}, "unknown": ["r-9"]}


class Reports:
    """What the client asks a server for here."""

    async def report(self, room: str) -> dict[str, Any]:
        said = [{"source": "voice", "text": "we moved the date"}, {"source": "typed", "text": "typed words"}]
        return {"turns": [{"transcript": {"utterances": said}}]}


@pytest.mark.parametrize(
    ("said", "heard", "error"),
    [
        ("We moved the data.", "we moved the date", 0.25),
        ("we moved it", "we moved it", 0),
        ("we moved it", "", 1),
        ("it", "it was it", 2),
        ("", "", 0),
        ("don't go", "don't go there", 0.5),
    ],
)
def test_word_error_counts_words_put_in_left_out_or_changed(said: str, heard: str, error: float) -> None:
    assert word_error(said, heard) == error


async def test_what_was_really_said_becomes_a_word_error_and_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "r1.txt").write_text("we moved the data", encoding="utf-8")
    (tmp_path / "groups.csv").write_text("room,group,reference\nr-1,a,r1.txt\nr-2,b,\n", encoding="utf-8")
    assert await declared(cast(Greenroom, Reports()), tmp_path / "groups.csv") == [
        {"room": "r-1", "group": "a", "candidate": "", "word_error": 0.25},
        {"room": "r-2", "group": "b", "candidate": ""},
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [("room,team\nr,a\n", "no column group"), ("room,group\nr-1,a\nr-2,\n", "line 3"), ("", "no column")],
)
async def test_a_csv_that_is_none_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "groups.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableGroups, match=told):
        await declared(cast(Greenroom, Reports()), tmp_path / "groups.csv")
    with pytest.raises(UnreadableGroups, match="cannot be read"):
        await declared(cast(Greenroom, Reports()), tmp_path / "none.csv")


def test_the_figures_are_kept_as_csv_and_no_group_is_a_formula(tmp_path: Path) -> None:
    keep(tmp_path / "out.csv", FOUND)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["group"], row["impact_ratio"], row["distance"]) == ("'=a", "0.62", "")


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnwritableError, match="cannot be written"):
        keep(tmp_path / "nowhere" / "out.csv", FOUND)


def test_the_terminal_shows_marks_notes_and_what_was_not_counted() -> None:
    head, row, note, unknown = table(FOUND)
    assert head.split()[:3] == ["group", "people", "mean"]
    assert row.split()[:4] == ["=a", "6", "2.50", "–"]
    assert row.endswith("small, adverse")
    assert note == "Small."
    assert "r-9" in unknown
