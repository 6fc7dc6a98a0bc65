"""Say which texts hold a disfluency: IN.json, a list of {"original", "disfluent"}, into OUT.csv, two rows for each."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from scoring.disfluency import flagged, load_disfluency
from scoring.evaluate.table import TableError, check_place, write_table

NAME: Final = "disfluency"
FIELDS: Final = ("original", "disfluent")
COLUMNS: Final = ("index", "field", "flagged")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pairs", type=Path, metavar="IN.json", help='a list of {"original", "disfluent"}')
    parser.add_argument("out", type=Path, metavar="OUT.csv", help=f"columns {', '.join(COLUMNS)} (0 or 1)")


def run(arguments: argparse.Namespace) -> str:
    """Flag every text by itself: neither its field nor its neighbour is looked at."""
    check_place(arguments.out)
    weights = load_disfluency()
    rows = []
    for index, pair in enumerate(read_pairs(arguments.pairs)):
        rows += [
            {"index": index, "field": field, "flagged": int(flagged(pair[field], weights))}
            for field in FIELDS
            if field in pair
        ]
    write_table(arguments.out, COLUMNS, rows)
    found = sum(int(row["flagged"]) for row in rows)
    return f"{len(rows)} texts read, {found} flagged, by figures {weights.version}; see {arguments.out}"


def read_pairs(path: Path) -> list[dict[str, str]]:
    """The texts of a file. Raises TableError naming the file, and the place in it, when it is not such a list."""
    try:
        raw: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as wrong:  # the latter where lists are nested deeper than Python goes
        raise TableError(f"{path}: no JSON: {wrong}") from wrong
    if not isinstance(raw, list):
        raise TableError(f"{path}: a list is wanted, of objects with {' and '.join(FIELDS)}")
    return [_pair(entry, f"{path}: entry {index}") for index, entry in enumerate(raw)]


def _pair(entry: Any, place: str) -> dict[str, str]:
    if not isinstance(entry, dict) or not any(field in entry for field in FIELDS):
        raise TableError(f"{place}: an object with {' and '.join(FIELDS)} is wanted")
    pair = {field: entry[field] for field in FIELDS if field in entry}
    for field, text in pair.items():
        if not isinstance(text, str):
            raise TableError(f"{place}: {field} is {type(text).__name__}, and text is wanted")
    return pair
