"""`greenroom fairness`: a CSV of declared groups in, a table and a CSV of figures out.

Decides what such a CSV looks like and how word error is counted; never the figures, which are the server's.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from client.api import Greenroom
from client.errors import GreenroomError, UnwritableError

WANTED = ("room", "group")
_WORD = re.compile(r"\w+(?:['’]\w+)*")


class UnreadableGroups(GreenroomError):
    """The CSV of groups is not one."""


async def declared(greenroom: Greenroom, path: Path) -> list[dict[str, Any]]:
    """The rows to send. `reference` names a text file beside the CSV with what was really said in that room."""
    rows = list(_rows(path))
    for row in rows:
        reference = row.pop("reference", "")
        if reference:
            report = await greenroom.report(row["room"])
            row["word_error"] = round(word_error(_text(path.parent / reference), _heard(report)), 4)
    return rows


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(_text(path).splitlines())
    missing = [column for column in WANTED if column not in (reader.fieldnames or ())]
    if missing:
        raise UnreadableGroups(f"{path}: there is no column {' and no column '.join(missing)}.")
    for row in reader:
        kept = {name: (row.get(name) or "").strip() for name in ("room", "group", "candidate", "reference")}
        if not kept["room"] or not kept["group"]:
            raise UnreadableGroups(f"{path}: line {reader.line_num}: a room and a group are wanted.")
        yield kept


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise UnreadableGroups(f"{path}: cannot be read ({wrong}).") from wrong


def _heard(report: Mapping[str, Any]) -> str:
    """What the recogniser made of what was spoken; typed words are nobody's mistake."""
    utterances = [one for turn in report["turns"] for one in turn["transcript"]["utterances"]]
    return " ".join(one["text"] for one in utterances if one["source"] == "voice")


def word_error(reference: str, heard: str) -> float:
    """Words put in, left out or changed, for each word that was said. Case and punctuation do not count."""
    said, got = (_WORD.findall(text.lower()) for text in (reference, heard))
    costs = list(range(len(got) + 1))
    for i, word in enumerate(said, start=1):
        before, costs[0] = costs[0], i
        for k, other in enumerate(got, start=1):
            before, costs[k] = costs[k], min(costs[k] + 1, costs[k - 1] + 1, before + (word != other))
    return costs[-1] / max(1, len(said))


def keep(path: Path, found: Mapping[str, Any]) -> None:
    """All figures as CSV, a row for each group. Groups that a spreadsheet would run as a formula are quoted."""
    groups: Sequence[Mapping[str, Any]] = found["fairness"]["groups"]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(groups[0]) if groups else ["group"])
            writer.writeheader()
            writer.writerows({**one, "group": _plain(one["group"])} for one in groups)
    except OSError as wrong:
        raise UnwritableError(f"{path}: cannot be written ({wrong}).") from wrong


def _plain(name: str) -> str:
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """The figures for a terminal."""
    whole = found["fairness"]
    heads = ("mean", "SMD", "rate", "impact", "r gap", "WER", "none")
    yield f"{'group':<20} {'people':>6} " + " ".join(f"{head:>6}" for head in heads)
    for one in whole["groups"]:
        figures = ("mean", "distance", "rate", "impact_ratio", "correlation_gap", "word_error", "abstention")
        marks = [name for name in ("withheld", "small", "reference", "adverse") if one[name]]
        row = " ".join(f"{'–' if one[name] is None else format(one[name], '.2f'):>6}" for name in figures)
        yield f"{one['group'][:20]:<20} {one['people']:>6} {row}  {', '.join(marks)}".rstrip()
    yield from whole["notes"]
    if found["unknown"]:
        yield f"Not counted, as they are not yours or have no report: {', '.join(found['unknown'])}."
