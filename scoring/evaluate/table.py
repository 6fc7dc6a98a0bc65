"""Tables in and out: CSV files whose columns are checked, with errors that name file, line and column.

Decides what a readable table is. Never what is in it.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

FIELD_CHARS = 10_000_000
"""A field longer than this is no answer: thirty minutes of speech are about 30,000 characters."""


class TableError(ValueError):
    """A file is no table of the kind that is asked for; the message names the file, and the line or column."""


class Row(NamedTuple):
    """One row: where it stands, for messages, and its fields by column."""

    line: int
    fields: dict[str, str]


class Table(NamedTuple):
    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path, wanted: Sequence[str]) -> Table:
    """The rows of a CSV file with a header. Raises TableError when a wanted column or a field is missing."""
    name = str(path)
    csv.field_size_limit(FIELD_CHARS)
    text = _decoded(path)
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        _check_quotes(text, name)
        header = next(reader, None)
        if not header or not any(header):
            raise TableError(f"{name}: the file is empty; a header with {', '.join(wanted)} is wanted")
        columns = [column.strip() for column in header]
        for column in wanted:
            if columns.count(column) != 1:
                found = "stands there twice" if column in columns else f"is missing; there are {', '.join(columns)}"
                raise TableError(f"{name}: line 1: column {column!r} {found}")
        columns = _apart(columns)
        rows, line = [], reader.line_num + 1
        for fields in reader:
            if fields:
                rows.append(_row(fields, columns, name, line))
            line = reader.line_num + 1
        return Table(name, tuple(columns), tuple(rows))
    except csv.Error as wrong:
        raise TableError(f"{name}: line {reader.line_num}: {wrong}") from wrong


def _apart(columns: Sequence[str]) -> list[str]:
    """Columns of one name by numbers: each is to come back with its own fields."""
    return [name if name not in columns[:at] else f"{name}.{at + 1}" for at, name in enumerate(columns)]


def _check_quotes(text: str, name: str) -> None:
    """Raises TableError where a quotation mark is not closed: all rows below would be one field."""
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as wrong:
        if "end of data" in str(wrong):  # what else is not strictly right can be read
            raise TableError(f"{name}: line {line}: a quotation mark is not closed") from wrong


def _row(fields: Sequence[str], columns: Sequence[str], name: str, line: int) -> Row:
    if len(fields) > len(columns):
        raise TableError(f"{name}: line {line}: {len(fields)} fields where the header has {len(columns)}")
    if len(fields) < len(columns):
        raise TableError(f"{name}: line {line}: column {columns[len(fields)]!r} is missing")
    return Row(line, dict(zip(columns, fields, strict=True)))


def _decoded(path: Path) -> str:
    """The text of a file: UTF-8, with or without its mark, UTF-16 with it, else what Windows programs write."""
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    # A zero byte is no letter anybody typed, and csv readers of old stop at it.
    return text.replace("\x00", "")


def number(table: Table, row: Row, column: str, least: float, most: float) -> float:
    """A field as a number within bounds. Raises TableError naming line and column."""
    raw = row.fields[column].strip()
    try:
        value = float(raw)
    except ValueError as wrong:
        raise TableError(f"{table.file}: line {row.line}: column {column!r}: {raw!r} is no number") from wrong
    if not least <= value <= most:
        raise TableError(f"{table.file}: line {row.line}: column {column!r}: {raw} is not within {least:g} to {most:g}")
    return value


def check_place(path: Path) -> None:
    """Raises TableError where no file can be put: before the work, not after it."""
    if path.is_dir() or not path.parent.is_dir():
        why = "it is a folder" if path.is_dir() else "there is no such folder"
        raise TableError(f"{path}: no file can be written there: {why}")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a CSV file in UTF-8, whole or not at all: a half-written table could be taken for a result."""
    beside = path.with_name(path.name + ".part")
    with beside.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(columns))
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(path)
