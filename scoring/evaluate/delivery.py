"""Say how recordings sound: FOLDER of *.flac and *.wav, with words in <name>.txt beside them if any, into OUT.csv."""

import argparse
from pathlib import Path
from typing import Final

from rooms.transcript import Source, Utterance
from scoring.evaluate.sound import SoundError, samples_of
from scoring.evaluate.table import TableError, check_place, write_table
from scoring.features import fillers_of
from scoring.fluency import FluencyWeights, heard, load_fluency, measures
from scoring.rhythm import rhythm_of

NAME: Final = "delivery"
COLUMNS: Final = ("file", "fluency", "prosody", "words_per_minute", "pauses", "fillers", "note")
KINDS: Final = (".flac", ".wav")
LEAST_SPAN_S: Final = 0.5
"""A shorter sound has no rhythm."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="recordings: *.flac, *.wav")
    parser.add_argument("out", type=Path, metavar="OUT.csv", help=f"columns {', '.join(COLUMNS)}")


def run(arguments: argparse.Namespace) -> str:
    """One row for each recording, in order of names; what cannot be heard has a note instead of figures."""
    check_place(arguments.out)
    if not arguments.folder.is_dir():
        raise TableError(f"{arguments.folder}: there is no such folder")
    recordings = sorted(path for path in arguments.folder.rglob("*") if path.suffix.lower() in KINDS)
    if not recordings:
        raise TableError(f"{arguments.folder}: there is no {' or '.join('*' + kind for kind in KINDS)} in it")
    weights = load_fluency()
    rows = [{"file": path.relative_to(arguments.folder).as_posix(), **_row(path, weights)} for path in recordings]
    write_table(arguments.out, COLUMNS, rows)
    silent = sum(not row.get("fluency") for row in rows)
    return f"{len(rows)} recordings heard, {silent} of them without figures; see {arguments.out}"


def _row(path: Path, weights: FluencyWeights) -> dict[str, str]:
    try:
        words = _words_beside(path)
        rhythm = rhythm_of(samples_of(path))
    except SoundError as wrong:
        return {"note": str(wrong)}
    if rhythm is None or rhythm.span_s < LEAST_SPAN_S:
        return {"note": f"{path.name}: nobody speaks in it"}
    found = heard(measures(rhythm, words), weights)
    row = {
        "fluency": f"{found.fluency:.2f}",
        "prosody": f"{found.prosody:.2f}",
        "pauses": str(len(rhythm.pauses_s)),
    }
    if not words:
        return row | {"note": "without words: by loudness alone"}
    text = Utterance(id="u", source=Source.VOICE, text=words, start_ms=0, end_ms=round(rhythm.span_s * 1_000))
    per_minute = len(words.split()) * 60 / rhythm.span_s
    return row | {"words_per_minute": f"{per_minute:.1f}", "fillers": str(len(fillers_of(text)))}


def _words_beside(path: Path) -> str:
    """The words of a recording, or nothing where no file has any."""
    beside = path.with_suffix(".txt")
    try:
        raw = beside.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as wrong:
        raise SoundError(f"{path.name}: its words cannot be read ({wrong})") from wrong
    return " ".join(word for word in raw.decode("utf-8-sig", errors="replace").split() if any(map(str.isalnum, word)))
