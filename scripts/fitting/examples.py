"""Rated examples, read from the folder beside the repository; and the file that figures are kept in."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from scoring.weights import digest

ROOT = Path(__file__).resolve().parents[2]
RATINGS = ROOT.parent / "shared" / "ratings"
SENTENCE_CHARS = (20, 250)


def disfluency_pairs() -> list[tuple[str, str]]:
    """(fluent, disfluent) wordings of the same question; rows that hold no question are left out."""
    rows = chain.from_iterable(
        json.loads((RATINGS / "disfluency" / f"{part}.json").read_text(encoding="utf-8")) for part in ("train", "dev")
    )
    broken = re.compile(r"#VALUE|n/a|^no question|^\s*$", re.IGNORECASE)
    pairs = [(row["original"], row["disfluent"]) for row in rows]
    return [pair for pair in pairs if not any(broken.search(text) for text in pair)]


def written_sentences() -> list[str]:
    """Sentences of short written answers, in which nobody takes anything back."""
    return sorted({sentence for text in _answers() for sentence in _sentences(text)})


def own_sentences(kind: str) -> list[str]:
    """Sentences of our own, as people speak them in interviews; `kind` is "fluent" or "disfluent"."""
    return (Path(__file__).parent / f"own_{kind}.txt").read_text(encoding="utf-8").splitlines()


def _answers() -> Iterator[str]:
    for name in ("mohler", "saf"):
        with (RATINGS / name / "answers.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield from (row[column] for column in ("question", "reference", "answer") if row.get(column))


def _sentences(text: str) -> Iterator[str]:
    least, most = SENTENCE_CHARS
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        if least < len(sentence) < most:
            yield sentence.strip()


def keep_or_compare(path: Path, text: str, *, compare: bool) -> int:
    """Write a file of figures, or say whether it holds the same bytes; the exit code of a program that does so."""
    if not compare:
        path.write_text(text, encoding="utf-8")
        return 0
    same = path.read_text(encoding="utf-8") == text
    print("the same bytes" if same else f"{path.name} holds others")
    return 0 if same else 1


def write_figures(kind: str, figures: Mapping[str, Any]) -> Path:
    """One version of figures with the hash of its content; a version that exists is never written over."""
    path = ROOT / "scoring" / "weights" / f"{kind}-{figures['version']}.json"
    if path.exists():
        raise SystemExit(f"{path.name} exists: old scores rest on it. Choose another version.")
    hashed = {**figures, "sha256": digest(figures)}
    path.write_text(json.dumps(hashed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
