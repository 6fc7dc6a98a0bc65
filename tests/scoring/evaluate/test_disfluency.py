"""`python -m scoring.evaluate disfluency`: pairs of wordings in, flags out."""

import csv
import json
from pathlib import Path

import pytest

from scoring.evaluate.__main__ import main


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_two_rows_for_each_pair(tmp_path: Path) -> None:
    pairs = [
        {"original": "Who sold the picture?", "disfluent": "Who painted, no wait, who sold the picture?"},
        {"original": "", "disfluent": "", "answer": 3},
    ]
    (tmp_path / "in.json").write_text(json.dumps(pairs), encoding="utf-8")
    assert main(["disfluency", str(tmp_path / "in.json"), str(tmp_path / "out.csv")]) == 0
    assert rows_of(tmp_path / "out.csv") == [
        {"index": "0", "field": "original", "flagged": "0"},
        {"index": "0", "field": "disfluent", "flagged": "1"},
        {"index": "1", "field": "original", "flagged": "0"},
        {"index": "1", "field": "disfluent", "flagged": "0"},
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("{}", "a list is wanted"),
        ('[{"original": "a", "disfluent": "b"}, 7]', "entry 1: an object"),
        ('[{"original": 5}]', "entry 0: original is int"),
    ],
)
def test_what_is_no_list_of_pairs_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    (tmp_path / "in.json").write_text(text, encoding="utf-8")
    assert main(["disfluency", str(tmp_path / "in.json"), str(tmp_path / "out.csv")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
