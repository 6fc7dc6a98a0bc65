"""Where in a TOML file something stands, so that an error can name the line that is to be mended.

Decides a line from a path; never what is wrong there.
"""

import re
from collections.abc import Sequence
from typing import Final

_TABLE: Final = re.compile(r"\s*\[(\[)?\s*([^\[\]]+?)\s*\]")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*=")
_ITEM: Final = re.compile(r"\s*[{\"'\[\d]")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line (from 1) at which the value at `path` stands, or the nearest thing around it that is there.

    A path names tables and keys, and numbers items from 0: ("question", 2, "points", 0, "weight"). Items of a list are
    found where each begins a line of its own.
    """
    lines = text.splitlines()
    line, at = _table(lines, path)
    if at < len(path) and (key := _within(lines, line, str(path[at]))) is not None:
        line, at = key, at + 1
        if at < len(path) and isinstance(item := path[at], int):
            line = _item(lines, line, item)
    return line + 1


def _table(lines: Sequence[str], path: Sequence[str | int]) -> tuple[int, int]:
    """The line of the innermost table that the path leads through, and how much of the path leads there."""
    best, counts = (0, 0), dict[str, int]()
    for number, line in enumerate(lines):
        found = _TABLE.match(line)
        if not found or _KEY.match(line):
            continue
        many, name = found.groups()
        here: list[str | int] = [part.strip().strip('"') for part in name.split(".")]
        if many:
            counts[name] = counts.get(name, -1) + 1
            here.append(counts[name])
        if len(here) > best[1] and list(path[: len(here)]) == here:
            best = number, len(here)
    return best


def _within(lines: Sequence[str], table: int, key: str) -> int | None:
    for number in range(table, len(lines)):
        if number > table and _TABLE.match(lines[number]) and not _KEY.match(lines[number]):
            return None
        if (found := _KEY.match(lines[number])) and found.group(1).strip('"') == key:
            return number
    return None


def _item(lines: Sequence[str], key: int, item: int) -> int:
    begun = [number for number in range(key + 1, len(lines)) if _ITEM.match(lines[number])]
    end = next((number for number in range(key + 1, len(lines)) if lines[number].strip() == "]"), key)
    inside = [number for number in begun if number < end]
    return inside[item] if item < len(inside) else key
