"""`python -m scoring.evaluate delivery`: recordings in, figures out."""

import csv
from pathlib import Path

import numpy as np
import pytest

from scoring.evaluate.__main__ import main
from tests.scoring.sounds import keep_wav, talk


def evaluated(folder: Path) -> dict[str, dict[str, str]]:
    out = folder.parent / "out.csv"
    assert main(["delivery", str(folder), str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_a_recording_with_its_words_gets_all_figures(folder: Path) -> None:
    keep_wav(folder / "a.wav", talk(5, 5))
    (folder / "a.txt").write_text("UM THE WALL OF THE GARDEN IS LOW\n", encoding="utf-8")
    row = evaluated(folder)["a.wav"]
    assert 0 < float(row["fluency"]) < 10
    assert 0 < float(row["prosody"]) < 10
    assert float(row["words_per_minute"]) == pytest.approx(8 / (2.5 / 60), rel=0.1)
    assert (row["pauses"], row["fillers"], row["note"]) == ("1", "1", "")


def test_without_words_the_loudness_alone_must_do(folder: Path) -> None:
    keep_wav(folder / "a.wav", talk(5, 5))
    row = evaluated(folder)["a.wav"]
    assert row["fluency"]
    assert (row["words_per_minute"], row["fillers"]) == ("", "")
    assert "without words" in row["note"]


def test_two_channels_are_heard_as_one(folder: Path) -> None:
    keep_wav(folder / "mono.wav", talk(5, 5))
    keep_wav(folder / "stereo.wav", talk(5, 5), channels=2)
    rows = evaluated(folder)
    assert float(rows["mono.wav"]["fluency"]) == pytest.approx(float(rows["stereo.wav"]["fluency"]), abs=0.05)


def test_another_rate_is_heard_alike(folder: Path) -> None:
    keep_wav(folder / "16.wav", talk(5, 5))
    keep_wav(folder / "48.wav", np.repeat(talk(5, 5), 3))
    raw = (folder / "48.wav").read_bytes()
    (folder / "48.wav").write_bytes(
        raw[:24] + (48_000).to_bytes(4, "little") + (96_000).to_bytes(4, "little") + raw[32:]
    )
    rows = evaluated(folder)
    assert float(rows["16.wav"]["fluency"]) == pytest.approx(float(rows["48.wav"]["fluency"]), abs=0.3)


def test_what_cannot_be_heard_has_a_note_and_the_others_their_figures(folder: Path) -> None:
    keep_wav(folder / "good.wav", talk(5, 5))
    keep_wav(folder / "silent.wav", np.zeros(32_000, dtype=np.float32))
    keep_wav(folder / "nothing.wav", np.zeros(0, dtype=np.float32))
    (folder / "empty.flac").write_bytes(b"")
    (folder / "words.wav").write_bytes(b"these are no samples at all" * 20)
    keep_wav(folder / "binary.wav", talk(5, 5))
    (folder / "binary.txt").write_bytes(b"\xff\xfe\x00 -- \x00")
    (folder / "unheard.mp3").write_bytes(b"")
    rows = evaluated(folder)
    assert set(rows) == {"good.wav", "silent.wav", "nothing.wav", "empty.flac", "words.wav", "binary.wav"}
    assert rows["good.wav"]["fluency"]
    assert rows["binary.wav"]["fluency"]
    for name in ("silent.wav", "nothing.wav", "empty.flac", "words.wav"):
        assert rows[name]["fluency"] == ""
        assert name in rows[name]["note"]


def test_a_recording_cut_short_is_heard_as_far_as_it_goes(folder: Path) -> None:
    keep_wav(folder / "cut.wav", talk(5, 5))
    raw = (folder / "cut.wav").read_bytes()
    (folder / "cut.wav").write_bytes(raw[: len(raw) // 2])
    assert evaluated(folder)["cut.wav"]["pauses"] == "0"


def test_a_folder_without_recordings_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delivery", str(folder), str(folder / "out.csv")]) == 2
    assert "there is no *.flac or *.wav in it" in capsys.readouterr().err
    assert main(["delivery", str(folder / "not"), str(folder / "out.csv")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
